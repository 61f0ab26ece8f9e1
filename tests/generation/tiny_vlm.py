"""A tiny Idefics3 checkpoint, made on disk from configurations and loaded by the real libraries.

Real architecture, real processor, real chat template; a million random weights. Its tokenizer is byte-level BPE, learnt
from the project's own prompts so that contexts stay short. `TILE` pixels a side are one tile of `TILE_TOKENS` tokens; a
picture is scaled to `LONGEST` pixels, cut into tiles, and shown once more as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from prompts.loader import load, names

TILE, PATCH, SHUFFLE, LONGEST = 32, 8, 2, 64
TILE_TOKENS = (TILE // PATCH // SHUFFLE) ** 2
CONTEXT = 4_096

TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{message['role'] | capitalize}}"
    "{% if message['content'][0]['type'] == 'image' %}{{':'}}{% else %}{{': '}}{% endif %}"
    "{% for line in message['content'] %}{% if line['type'] == 'text' %}{{line['text']}}"
    "{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n"
    "{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
"""SmolVLM's own."""

_TEXT_TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{message['role'] | capitalize}}: {{message['content']}}"
    "<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)


def make_tiny_vlm(folder: Path, words: Iterable[str] = (), seed: int = 0) -> Path:
    """Write the checkpoint to `folder`. `words`: more text that the tokenizer should know."""
    import torch
    from transformers import Idefics3ForConditionalGeneration

    processor = make_processor(words)
    torch.manual_seed(seed)
    model = Idefics3ForConditionalGeneration(configuration(processor.tokenizer)).eval()
    with torch.no_grad():  # far apart, so that what is shown decides and rounding does not
        for parameter in model.parameters():
            parameter.mul_(4.0 if parameter.dim() > 1 else 1.0)
        model.model.connector.modality_projection.proj.weight.mul_(5.0)
    save(folder, model, processor)
    return folder


def save(folder: Path, model: Any, processor: Any) -> None:
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def make_text_model(folder: Path, words: Iterable[str] = ()) -> Path:
    """A model of the same size that reads no pictures."""
    import torch
    from transformers import LlamaForCausalLM

    tokenizer = _tokenizer(words)
    tokenizer.chat_template = _TEXT_TEMPLATE
    torch.manual_seed(0)
    LlamaForCausalLM(configuration(tokenizer).text_config).eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_processor(words: Iterable[str] = ()) -> Any:
    from transformers import Idefics3ImageProcessorPil, Idefics3Processor

    pictures = Idefics3ImageProcessorPil(size={"longest_edge": LONGEST}, max_image_size={"longest_edge": TILE})
    return Idefics3Processor(pictures, _tokenizer(words), image_seq_len=TILE_TOKENS, chat_template=TEMPLATE)


def _tokenizer(words: Iterable[str]) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<|im_start|>", "<end_of_utterance>", "<pad>", "<fake_token_around_image>", "<image>", "<global-img>"]
    special += [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1_400,
        min_frequency=1,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = [load(name).text for name in names() if name.startswith("answer_") or name == "unanswerable"]
    tokenizer.train_from_iterator([*texts, *words], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|im_start|>",
        eos_token="<end_of_utterance>",
        pad_token="<pad>",
        model_max_length=CONTEXT,
        additional_special_tokens=special[3:],
    )


def configuration(tokenizer: Any, layers: int = 2, width: int = 64) -> Any:
    from transformers import Idefics3Config

    vocabulary, ids = len(tokenizer), tokenizer.convert_tokens_to_ids
    text = {
        "model_type": "llama",
        "hidden_size": width,
        "intermediate_size": 2 * width,
        "num_hidden_layers": layers,
        "num_attention_heads": width // 32,
        "num_key_value_heads": width // 32,
        "head_dim": 32,  # the smallest that vLLM's CPU attention takes
        "vocab_size": vocabulary,
        "max_position_embeddings": CONTEXT,
        "tie_word_embeddings": False,
        "bos_token_id": ids("<|im_start|>"),
        "eos_token_id": ids("<end_of_utterance>"),
        "pad_token_id": ids("<pad>"),
    }
    vision = {
        "hidden_size": width,
        "intermediate_size": 2 * width,
        "num_hidden_layers": 2,
        "num_attention_heads": width // 32,
        "image_size": TILE,
        "patch_size": PATCH,
    }
    return Idefics3Config(
        text_config=text,
        vision_config=vision,
        scale_factor=SHUFFLE,
        image_token_id=ids("<image>"),
        pad_token_id=ids("<pad>"),
        bos_token_id=ids("<|im_start|>"),
        eos_token_id=ids("<end_of_utterance>"),
        tie_word_embeddings=False,
    )
