"""Settings on the command line, the settings file and the environment, as the command sees them."""

import json
from pathlib import Path

import pytest

from pipeline.cli.invocation import Invocation
from pipeline.config import Settings, load_settings, setting_sources
from pipeline.errors import ConfigError


def invocation(*overrides: str, config: Path | None = None, library: Path | None = None) -> Invocation:
    return Invocation(library, False, config, overrides)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_settings_are_typed_and_nested(tmp_path: Path) -> None:
    settings = invocation("retrieval.k=7", "answer.timeout=2.5", "ingest.ocr=off", library=tmp_path / "lib").settings()
    assert (settings.retrieval.k, settings.answer.timeout, settings.ingest.ocr) == (7, 2.5, "off")
    assert settings.library == tmp_path / "lib"
    assert settings.retrieval.mode == "fusion"


@pytest.mark.parametrize(
    ("override", "names"),
    [
        ("retrieval.k=zero", "retrieval.k"),
        ("retrieval.k=0", "retrieval.k"),
        ("retrieval.depth=3", "retrieval.depth"),
        ("speed=3", "speed"),
        ("retrieval.k", "--set retrieval.k"),
        ("=3", "--set =3"),
        (".k=3", "--set .k=3"),
        ("answer.answerer=endpoint", "answer.url"),
    ],
)
def test_impossible_settings_are_named(override: str, names: str) -> None:
    with pytest.raises(ConfigError) as raised:
        invocation(override).settings()
    assert names in str(raised.value) and "\n" not in str(raised.value)


def test_flags_beat_environment_beats_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "my.toml"
    file.write_text("[retrieval]\nk = 2\npool = 20\nmode = 'text'\n")
    monkeypatch.setenv("RECTO_RETRIEVAL__K", "3")
    monkeypatch.setenv("RECTO_RETRIEVAL__POOL", "30")
    one = invocation("retrieval.k=4", config=file)
    found = one.settings().retrieval
    assert (found.k, found.pool, found.mode) == (4, 30, "text")
    assert setting_sources(one.flags, one.config) == {
        "retrieval.k": "flag",
        "retrieval.pool": "environment",
        "retrieval.mode": str(file),
    }


def test_the_settings_file_by_name_by_variable_and_by_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, k in (("recto.toml", 2), ("variable.toml", 3), ("flag.toml", 4)):
        (tmp_path / name).write_text(f"[retrieval]\nk = {k}\n")
    assert invocation().settings().retrieval.k == 2
    monkeypatch.setenv("RECTO_CONFIG", "variable.toml")
    assert invocation().settings().retrieval.k == 3
    assert invocation(config=Path("flag.toml")).settings().retrieval.k == 4
    assert invocation().settings().retrieval.k == 3


@pytest.mark.parametrize("content", ["[retrieval\n", "k = ", "[retrieval]\nk = 'many'\n", "[retreival]\nk = 2\n"])
def test_a_bad_settings_file_is_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "recto.toml").write_text(content)
    with pytest.raises(ConfigError) as raised:
        invocation().settings()
    assert "\n" not in str(raised.value)


def test_a_settings_file_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match=r"--config names nowhere\.toml"):
        invocation(config=Path("nowhere.toml")).settings()


@pytest.mark.parametrize("variable", ["RECTO_ANSER__URL", "RECTO_ANSWER__ULR", "RECTO_K", "recto_librry"])
def test_unknown_variables_are_refused(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "x")
    with pytest.raises(ConfigError, match=variable):
        invocation().settings()


def test_variables_that_are_no_settings_are_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECTO_DEBUG", "1")
    monkeypatch.setenv("RECTO_SETS", "somewhere")
    monkeypatch.setenv("RECTO_LIBRARY", "elsewhere")
    assert invocation().settings().library == Path("elsewhere")


def test_the_endpoint_profile_answers_through_the_endpoint() -> None:
    settings = invocation("profile=endpoint", "answer.url=http://localhost:8000/v1", "answer.model=m").settings()
    assert settings.answer.answerer == "endpoint" and settings.answer.timeout == 120.0


def test_a_profile_gives_way_to_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECTO_ANSWER__ANSWERER", "extractive")
    assert invocation("profile=endpoint").settings().answer.answerer == "extractive"


def test_secrets_among_options_are_neither_told_nor_hashed() -> None:
    def with_key(key: str, tokens: int = 9) -> Settings:
        llm = {
            "api_key": key,
            "max_tokens": tokens,
            "tokenizer": "a/b",
            "additional_kwargs": {"headers": {"X-Key": key}},
        }
        rerank = [{"kind": "llama_index", "model": "a.B", "options": {"access_token": key, "passwords": [key]}}]
        return load_settings({"answer": {"options": llm, "api_key": key}, "retrieval": {"rerank": rerank}})

    settings = with_key("hush-hush")
    assert settings.answer.options["api_key"] == "hush-hush"
    for shown in (settings.told(), settings.compared()):
        assert "hush-hush" not in json.dumps(shown)
        options = shown["answer"]["options"]
        assert (options["api_key"], options["max_tokens"], options["tokenizer"]) == ("(hidden)", 9, "a/b")
        assert shown["retrieval"]["rerank"][0]["options"] == {"access_token": "(hidden)", "passwords": ["(hidden)"]}
    assert settings.told()["answer"]["api_key"] == "(hidden)" and load_settings().told()["answer"]["api_key"] == "none"
    assert "library" in settings.told() and "library" not in settings.compared()
    assert settings.hash == with_key("other").hash != with_key("hush-hush", 8).hash
