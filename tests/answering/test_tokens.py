from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.answering.tokens import estimate_tokens, fit_picture, picture_tokens


def test_the_estimate_is_not_below_a_real_tokenizer_on_prose_and_on_numbers(embedder) -> None:
    prose = "The board approved the dividend in the meeting of the fourth of March and the company paid it in May. " * 4
    figures = "Revenue | 1,234.5 | 998.1 | 23.7%\nCosts | (1,034.0) | (901.4) | 14.7%\n" * 6
    assert estimate_tokens(prose) >= embedder.count_tokens([prose])[0]
    assert estimate_tokens(figures) >= embedder.count_tokens([figures])[0]


def test_every_character_of_a_script_without_spaces_counts() -> None:
    assert estimate_tokens("\u6771\u4eac\u90fd") == 3


@given(st.text(), st.text())
def test_the_estimate_grows_with_the_text(one: str, other: str) -> None:
    assert estimate_tokens(one) <= estimate_tokens(one + "\n" + other)
    assert estimate_tokens(one + "\n" + other) <= estimate_tokens(one) + estimate_tokens(other) + 1


@settings(deadline=None)
@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 2000), st.integers(1, 64))
def test_a_fitted_picture_costs_at_most_its_limit_and_keeps_its_shape(w: int, h: int, limit: int, patch: int) -> None:
    picture = Image.new("L", (w, h))
    fitted = fit_picture(picture, limit, patch)
    assert picture_tokens(*fitted.size, patch) <= limit
    assert fitted.width <= w and fitted.height <= h
    scale = min((fitted.width + 1) / w, (fitted.height + 1) / h)  # sides are whole pixels, at least one
    assert fitted.width <= max(1, w * scale) and fitted.height <= max(1, h * scale)


def test_a_picture_that_fits_is_not_touched() -> None:
    picture = Image.new("RGB", (280, 280))
    assert fit_picture(picture, 100, 28) is picture


def test_a_page_is_shrunk_only_as_far_as_needed() -> None:
    fitted = fit_picture(Image.new("L", (1190, 1684)), 1280, 28)
    assert picture_tokens(*fitted.size, 28) > 0.9 * 1280
