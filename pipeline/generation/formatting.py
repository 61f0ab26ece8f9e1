"""The form in which a local model wants a conversation: its chat template, its pictures, and what they cost.

Owns the model's processor (or tokenizer, for a model that reads no pictures). Text of documents cannot become one of
the model's control tokens here. Never loads weights.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from PIL import Image

from pipeline.answering.tokens import Costs
from pipeline.config import AnswerSection
from pipeline.errors import ConfigError, ModelError, first_line

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase, ProcessorMixin

_SHAPES = ((1, 1), (3, 4), (4, 3), (1, 2), (2, 1))
"""Shapes of pages (width, height) that must fit `answer.image_tokens`."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A conversation as the model's template writes it, with one placeholder a picture, and the pictures in order."""

    text: str
    pictures: tuple[Image.Image, ...]


class ChatFormat:
    """How one model is spoken to. `ConfigError` or `ModelError` where that cannot be known."""

    def __init__(self, settings: AnswerSection) -> None:
        self._name = settings.model
        self.with_pictures = settings.image_tokens > 0
        self.processor: Any = _load(settings.model, self.with_pictures)
        self.tokenizer: Any = getattr(self.processor, "tokenizer", self.processor)
        if not getattr(self.processor, "chat_template", None):
            raise ConfigError(f"answer.model {self._name} has no chat template: name a model made for conversations")
        self.picture_options = self._limit_pictures(settings) if self.with_pictures else {}

    def prompt(self, messages: Sequence[ChatMessage]) -> Prompt:
        """The conversation rendered. Control tokens inside its texts are made harmless."""
        conversation, pictures = [], []
        for message in messages:
            parts: list[dict[str, str]] = []
            for block in message.blocks:
                if isinstance(block, TextBlock):
                    parts.append({"type": "text", "text": self.defused(block.text)})
                elif isinstance(block, ImageBlock) and self.with_pictures:
                    parts.append({"type": "image"})
                    pictures.append(Image.open(io.BytesIO(block.resolve_image().read())).convert("RGB"))
                else:
                    raise ConfigError(f"answer.model {self._name} reads no {block.block_type}: set answer.image_tokens")
            texts = "".join(part.get("text", "") for part in parts)
            conversation.append({"role": message.role.value, "content": parts if self.with_pictures else texts})
        text = self.processor.apply_chat_template(conversation, add_generation_prompt=True, tokenize=False)
        return Prompt(str(text), tuple(pictures))

    def defused(self, text: str) -> str:
        """`text` with every control token of the model broken by a space that has no width."""
        return self._controls.sub(lambda found: f"{found[0][:1]}\N{ZERO WIDTH SPACE}{found[0][1:]}", text)

    def count(self, text: str) -> int:
        """Tokens of a text."""
        return len(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    @cached_property
    def costs(self) -> Costs:
        """What texts and pictures cost this model, by its own tokenizer and picture processor."""
        blank = [ChatMessage(role="system", content=""), ChatMessage(role="user", content="")]
        frame = self.count(self.prompt(blank).text)
        return Costs(self.count, lru_cache(maxsize=4_096)(self._count_picture), frame, exact=True)

    def _count_picture(self, width: int, height: int) -> int:
        return int(self.processor._get_num_multimodal_tokens(image_sizes=[(height, width)])["num_image_tokens"][0])

    @cached_property
    def _controls(self) -> re.Pattern[str]:
        tokens = {token.content for token in self.tokenizer.added_tokens_decoder.values() if token.special}
        tokens |= {str(token) for token in (getattr(self.processor, "image_token", None),) if token}
        return re.compile("|".join(re.escape(token) for token in sorted(tokens, key=len, reverse=True)) or r"(?!)")

    def _limit_pictures(self, settings: AnswerSection) -> dict[str, Any]:
        """Options of the picture processor under which a page costs at most `answer.image_tokens`; also set on it.

        Recto shrinks pages itself, but some processors enlarge them again: those are told how large.
        """
        if not hasattr(self.processor, "_get_num_multimodal_tokens"):
            raise ConfigError(
                f"answer.model {self._name}: transformers cannot tell what a picture costs this model; "
                "serve it with vllm and set answer.answerer to endpoint"
            )
        pictures = self.processor.image_processor
        if not hasattr(pictures, "max_image_size"):  # keeps what it is given: shrinking the page is enough
            side = settings.image_patch
            self._check_smallest(settings, self._count_picture(side, side))
            # Qwen's family says in pixels what a picture may take: vLLM sets memory aside by it.
            patch, merge = getattr(pictures, "patch_size", None), getattr(pictures, "merge_size", None)
            return {"max_pixels": settings.image_tokens * (patch * merge) ** 2} if patch and merge else {}
        tile, largest = pictures.max_image_size["longest_edge"], pictures.size["longest_edge"]
        for longest in range(largest // tile * tile, 0, -tile):
            pictures.size = {**dict(pictures.size), "longest_edge": longest}
            if max(self._count_picture(1000 * w, 1000 * h) for w, h in _SHAPES) <= settings.image_tokens:
                return {"size": {"longest_edge": longest}}
        self._check_smallest(settings, self._count_picture(1000, 1000))
        return {}

    def _check_smallest(self, settings: AnswerSection, smallest: int) -> None:
        if smallest > settings.image_tokens:
            raise ConfigError(
                f"answer.image_tokens {settings.image_tokens} is less than the smallest picture costs "
                f"{self._name}: raise it to at least {smallest}, or to 0 to send none"
            )


def _load(name: str, with_pictures: bool) -> ProcessorMixin | PreTrainedTokenizerBase:
    """The processor of a model, or its tokenizer when no picture is sent."""
    from transformers import AutoConfig, AutoProcessor, AutoTokenizer
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

    try:
        kind = AutoConfig.from_pretrained(name).model_type
        if with_pictures and kind not in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
            raise ConfigError(
                f"answer.model {name} ({kind}) reads no pictures: set answer.image_tokens to 0, or name a "
                "vision-language model"
            )
        return (AutoProcessor if kind in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES else AutoTokenizer).from_pretrained(
            name
        )
    except (OSError, ValueError, ImportError) as error:
        raise absent(name, error) from error


def absent(name: str, error: Exception) -> ModelError:
    """What to tell when a model cannot be loaded."""
    return ModelError(
        f"answer.model {name} cannot be loaded: give a folder with its files, or a name on the Hugging Face hub that "
        f"this machine can reach ({first_line(error)})"
    )


def longest_context(configuration: Any) -> int | None:
    """Positions that a model was made for, pictures included; None where its configuration does not say."""
    text = configuration.get_text_config()
    value = getattr(text, "max_position_embeddings", None)
    return int(value) if value else None


def check_context(settings: AnswerSection, most: int | None) -> None:
    """Raises `ConfigError` when the budget is more than the model can read."""
    if most is not None and settings.context_tokens > most:
        raise ConfigError(
            f"answer.context_tokens {settings.context_tokens} is more than {settings.model} can read: "
            f"lower it to {most} or less"
        )


def wanted_tokens(options: Mapping[str, Any], output_tokens: int) -> int:
    """How long a reply may be: what the call says, else the setting."""
    return int(options.get("max_tokens") or output_tokens)
