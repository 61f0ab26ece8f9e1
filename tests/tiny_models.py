"""Tiny checkpoints of real architectures with random weights, made on disk for the tests: well under 2 MB each.

Every maker writes a folder that the real libraries load by its path. Seeded: the same weights on every machine.
Never a stand-in for a library: only sizes are small.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

SEED = 20_261_121
WIDTH, LAYERS, HEADS = 32, 2, 2
"""Of every tower."""
TILE, PATCH = 32, 8
"""Pixels along the side of an image that a tower sees, and of one of its patches."""
TOWER = {
    "hidden_size": WIDTH,
    "intermediate_size": 2 * WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
}
CHAT = (
    "{% for message in messages %}{{ message['role'] }}: "
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}"
    "{% endif %}{% endfor %}{% endif %}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
)


def tokenizer(*special: str, **settings: Any) -> PreTrainedTokenizerFast:
    """One token a byte, `yes` and `no` one token each, and the `special` ones."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = ["<pad>", "<bos>", "<eos>", "<unk>", "yes", "no", *alphabet]
    inner = Tokenizer(models.BPE({name: place for place, name in enumerate(names)}, [], unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token="<pad>",
        bos_token="<bos>",
        eos_token="<eos>",
        unk_token="<unk>",
        model_max_length=4096,
        **settings,
    )
    made.add_tokens(["yes", "no"])
    made.add_special_tokens({"additional_special_tokens": list(special)})
    return made


def colpali(folder: Path) -> Path:
    """Late interaction over a fixed 4 × 4 grid: the page is squeezed into a square."""
    words = tokenizer("<image>")
    pictures = transformers.SiglipImageProcessorPil(size={"height": TILE, "width": TILE})
    pictures.image_seq_length = (TILE // PATCH) ** 2
    processor = transformers.ColPaliProcessor(pictures, words)
    config = transformers.ColPaliConfig(
        vlm_config=transformers.PaliGemmaConfig(
            vision_config={**TOWER, "model_type": "siglip_vision_model", "image_size": TILE, "patch_size": PATCH},
            text_config={
                **TOWER,
                "model_type": "gemma",
                "vocab_size": len(words),
                "num_key_value_heads": 1,
                "head_dim": WIDTH // HEADS,
                "pad_token_id": words.pad_token_id,
            },
            image_token_index=processor.image_token_id,
            projection_dim=WIDTH,
            hidden_size=WIDTH,
        ),
        embedding_dim=16,
    )
    return _saved(folder, transformers.ColPaliForRetrieval, config, processor)


def colqwen2(folder: Path) -> Path:
    """Late interaction over a grid that follows the page's own shape."""
    words = tokenizer("<|image_pad|>", "<|vision_start|>", "<|vision_end|>", "<|im_start|>", "<|im_end|>")
    pictures = transformers.Qwen2VLImageProcessorPil(
        patch_size=PATCH, merge_size=2, size={"shortest_edge": 16 * 16, "longest_edge": 96 * 96}
    )
    processor = transformers.ColQwen2Processor(pictures, words)
    ids = {name: words.convert_tokens_to_ids(f"<|{name}|>") for name in ("image_pad", "vision_start", "vision_end")}
    config = transformers.ColQwen2Config(
        vlm_config=transformers.Qwen2VLConfig(
            vision_config={
                "depth": LAYERS,
                "embed_dim": WIDTH,
                "hidden_size": WIDTH,
                "num_heads": HEADS,
                "patch_size": PATCH,
                "mlp_ratio": 2,
                "spatial_merge_size": 2,
            },
            text_config={
                **TOWER,
                "vocab_size": len(words),
                "num_key_value_heads": 1,
                "rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10_000.0},
            },
            image_token_id=ids["image_pad"],
            vision_start_token_id=ids["vision_start"],
            vision_end_token_id=ids["vision_end"],
            video_token_id=ids["image_pad"] + 1000,
        ),
        embedding_dim=16,
    )
    return _saved(folder, transformers.ColQwen2ForRetrieval, config, processor)


def _split_images() -> transformers.Idefics3ImageProcessorPil:
    """Pages into tiles of 32 pixels, at most 4 along the longer side, and the whole page as one more."""
    return transformers.Idefics3ImageProcessorPil(
        size={"longest_edge": 4 * TILE}, max_image_size={"longest_edge": TILE}, do_image_splitting=True
    )


def colmodernvbert(folder: Path) -> Path:
    """Late interaction over a page that is split into tiles of 2 × 2 vectors, and the whole page again."""
    tiles = [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    words = tokenizer("<image>", "<fake_token_around_image>", "<end_of_utterance>", "<global-img>", *tiles)
    processor = transformers.ColModernVBertProcessor(_split_images(), words, image_seq_len=4)
    config = transformers.ColModernVBertConfig(
        vlm_config=transformers.ModernVBertConfig(
            vision_config={**TOWER, "model_type": "siglip_vision_model", "image_size": TILE, "patch_size": PATCH},
            text_config={
                **TOWER,
                "model_type": "modernbert",
                "vocab_size": len(words),
                "pad_token_id": words.pad_token_id,
                "bos_token_id": words.bos_token_id,
                "eos_token_id": words.eos_token_id,
                "cls_token_id": words.bos_token_id,
                "sep_token_id": words.eos_token_id,
            },
            image_token_id=processor.image_token_id,
            pixel_shuffle_factor=2,
        ),
        embedding_dim=16,
    )
    return _saved(folder, transformers.ColModernVBertForRetrieval, config, processor)


def _saved(folder: Path, kind: Any, config: Any, processor: Any) -> Path:
    torch.manual_seed(SEED)
    model = kind(config).eval()
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def clip(folder: Path) -> Path:
    """One vector for a picture, one for a text of at most 64 tokens, in one space; no file says how they are pooled."""
    words = tokenizer()
    side = {"height": TILE, "width": TILE}
    processor = transformers.CLIPProcessor(transformers.CLIPImageProcessorPil(size=side, crop_size=side), words)
    ids = {name: getattr(words, name) for name in ("pad_token_id", "bos_token_id", "eos_token_id")}
    text = {**TOWER, **ids, "vocab_size": len(words), "max_position_embeddings": 64}
    config = transformers.CLIPConfig(
        text_config=text, vision_config={**TOWER, "image_size": TILE, "patch_size": PATCH}, projection_dim=24
    )
    return _saved(folder, transformers.CLIPModel, config, processor)


def _chat_parts() -> tuple[Any, Any]:
    """Configuration and processor of a vision-language model that takes messages."""
    tiles = [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    words = tokenizer(
        "<image>", "<fake_token_around_image>", "<end_of_utterance>", "<global-img>", *tiles, padding_side="left"
    )
    processor = transformers.Idefics3Processor(_split_images(), words, image_seq_len=4, chat_template=CHAT)
    config = transformers.Idefics3Config(
        tie_word_embeddings=False,
        vision_config={**TOWER, "image_size": TILE, "patch_size": PATCH},
        text_config={
            **TOWER,
            "model_type": "llama",
            "vocab_size": len(words),
            "num_key_value_heads": 1,
            "max_position_embeddings": 2048,
            "pad_token_id": words.pad_token_id,
            "bos_token_id": words.bos_token_id,
            "eos_token_id": words.eos_token_id,
        },
        image_token_id=words.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=words.pad_token_id,
    )
    return config, processor


def vision_language_embedder(folder: Path) -> Path:
    """One vector from the last token of a vision-language model, with an instruction for each side (DSE, GME, …)."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling

    config, processor = _chat_parts()
    inner = _saved(folder / "inner", transformers.Idefics3Model, config, processor)
    words = Transformer(str(inner), model_kwargs={"local_files_only": True})
    made = SentenceTransformer(
        modules=[words, Pooling(WIDTH, pooling_mode="lasttoken"), Normalize()],
        prompts={"query": "Find a page that answers.", "document": "Describe the page."},
        device="cpu",
    )
    made.save(str(folder))
    shutil.rmtree(inner)
    return folder


def vision_language_reranker(folder: Path) -> Path:
    """The logit of "yes" less that of "no" from a vision-language model shown a question and a page."""
    from sentence_transformers import CrossEncoder
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.cross_encoder.modules import LogitScore

    _, processor = _chat_parts()
    inner = vision_language_model(folder / "inner")
    words = Transformer(str(inner), transformer_task="any-to-any", model_kwargs={"local_files_only": True})
    yes, no = processor.tokenizer.convert_tokens_to_ids(["yes", "no"])
    made = CrossEncoder(
        modules=[words, LogitScore(yes, no)],
        prompts={"relevance": "Does the page answer the question?"},
        default_prompt_name="relevance",
        device="cpu",
    )
    made.save(str(folder))
    shutil.rmtree(inner)
    return folder


def vision_language_model(folder: Path) -> Path:
    """A model that writes text about pictures."""
    config, processor = _chat_parts()
    return _saved(folder, transformers.Idefics3ForConditionalGeneration, config, processor)


def qwen2_vl(folder: Path) -> Path:
    """One vector from a model whose processor takes videos too, which transformers has only with torchvision."""
    names = ("image_pad", "video_pad", "vision_start", "vision_end")
    words = tokenizer(*(f"<|{name}|>" for name in names))
    ids = {f"{name}_id": words.convert_tokens_to_ids(f"<|{name}|>") for name in names}
    config = transformers.Qwen2VLConfig(
        vision_config={"depth": LAYERS, "embed_dim": WIDTH, "hidden_size": WIDTH, "num_heads": HEADS},
        text_config={**TOWER, "vocab_size": len(words), "num_key_value_heads": 1, "bos_token_id": 1, "eos_token_id": 2},
        image_token_id=ids["image_pad_id"],
        video_token_id=ids["video_pad_id"],
        vision_start_token_id=ids["vision_start_id"],
        vision_end_token_id=ids["vision_end_id"],
    )
    words.save_pretrained(folder)
    _saved(folder, transformers.Qwen2VLModel, config, transformers.Qwen2VLImageProcessorPil())
    # Its processor cannot be made here without torchvision: what it would have written of itself.
    for name in ("preprocessor_config.json", "tokenizer_config.json"):
        file = folder / name
        file.write_text(json.dumps({**json.loads(file.read_text()), "processor_class": "Qwen2VLProcessor"}))
    return folder


def _bert(words: Any) -> Any:
    return transformers.BertConfig(
        **TOWER, vocab_size=len(words), max_position_embeddings=1024, pad_token_id=words.pad_token_id, num_labels=1
    )


def text_embedder(folder: Path) -> Path:
    """One vector for a text, with an instruction before questions and another before documents."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    words = tokenizer()
    inner = _saved(folder / "inner", transformers.BertModel, _bert(words), words)
    modules = [Transformer(str(inner)), Pooling(WIDTH, pooling_mode="mean")]
    made = SentenceTransformer(modules=modules, prompts={"query": "query: ", "document": "passage: "}, device="cpu")
    made.save(str(folder))
    shutil.rmtree(inner)
    return folder


def text_reranker(folder: Path) -> Path:
    """A score for a question and a passage."""
    words = tokenizer()
    return _saved(folder, transformers.BertForSequenceClassification, _bert(words), words)


MAKERS = {
    one.__name__: one
    for one in (
        clip,
        colmodernvbert,
        colpali,
        colqwen2,
        qwen2_vl,
        text_embedder,
        text_reranker,
        vision_language_embedder,
        vision_language_model,
        vision_language_reranker,
    )
}
