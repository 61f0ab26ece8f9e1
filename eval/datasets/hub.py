"""Sets fetched from the Hugging Face hub by name, at a known commit, archives unpacked. Parses no set.

What was fetched is noted in `hub.json` beside the data: the commit becomes the revision that runs record.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.datasets.archives import unpack
from eval.errors import EvaluationError

NOTE = "hub.json"
_BEIR = ("corpus/*", "queries/*", "qrels/*")


@dataclass(frozen=True, slots=True)
class HubSet:
    """A data set's repository, the commit that is taken unless told otherwise, and the files that are needed.

    `then`: what the hub does not have, in words.
    """

    repository: str
    revision: str | None = None
    patterns: tuple[str, ...] = ()
    then: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched; `revision` is the full commit."""

    repository: str
    revision: str
    folder: Path
    files: int
    then: str


_V3 = "finance_en finance_fr industrial pharmaceuticals computer_science hr energy physics"
_V1 = (
    "arxivqa_test_subsampled docvqa_test_subsampled infovqa_test_subsampled tabfquad_test_subsampled tatdqa_test "
    "shiftproject_test syntheticDocQA_artificial_intelligence_test syntheticDocQA_energy_test "
    "syntheticDocQA_government_reports_test syntheticDocQA_healthcare_industry_test"
)
_V2 = {  # the commits that mteb pins
    "esg_reports_v2": "0542c0d03da0ec1c8cbc517c8d78e7e95c75d3d3",
    "esg_reports_human_labeled_v2": "6d467dedb09a75144ede1421747e47cf036857dd",
    "economics_reports_v2": "b3e3a04b07fbbaffe79be49dabf92f691fbca252",
    "biomedical_lectures_v2": "a29202f0da409034d651614d87cd8938d254e2ea",
}

HUB: Mapping[str, Mapping[str, HubSet]] = {
    "vidore": {
        **{name: HubSet(f"vidore/{name}", commit, _BEIR) for name, commit in _V2.items()},
        **{f"vidore_v3_{domain}": HubSet(f"vidore/vidore_v3_{domain}", None, _BEIR) for domain in _V3.split()},
    },
    "vidore-qa": {name: HubSet(f"vidore/{name}", None, ("data/*.parquet",)) for name in _V1.split()},
    "visrag": {
        name: HubSet(f"openbmb/VisRAG-Ret-Test-{name}", None, _BEIR)
        for name in ("ArxivQA", "ChartQA", "InfoVQA", "MP-DocVQA", "PlotQA", "SlideVQA")
    },
    "mmdocir": {
        "mmdocir": HubSet(
            "MMDocIR/MMDocIR_Evaluation_Dataset", None, ("MMDocIR_annotations.jsonl", "MMDocIR_pages.parquet")
        )
    },
    "mmdocrag": {"mmdocrag": HubSet("MMDocIR/MMDocRAG", None, ("evaluation_20.jsonl", "doc_pdfs.zip"))},
    "vidoseek": {"vidoseek": HubSet("autumncc/ViDoSeek", None, ("vidoseek.json", "vidoseek_pdf_document.zip"))},
    "unidoc": {
        "unidoc": HubSet(
            "Salesforce/UniDoc-Bench",
            None,
            ("*_pdfs.tar.gz",),
            "its questions are not on the hub: copy data/QA/filtered of github.com/SalesforceAIResearch/UniDoc-Bench "
            "to the folder",
        )
    },
}
"""By kind and name. Any other repository with the same layout may be named as OWNER/NAME."""

ELSEWHERE: Mapping[str, str] = {
    "financebench": "clone github.com/patronus-ai/financebench",
    "m3docvqa": "make it with github.com/bloomberg/m3docrag (m3docvqa/)",
    "mmlongbench": "clone github.com/mayubo2333/MMLongBench-Doc",
    "mpdocvqa": "register at rrc.cvc.uab.es (DocVQA, task 4) and download it",
    "ohrbench": "clone github.com/opendatalab/OHR-Bench and follow its README",
    "slidevqa": "clone github.com/nttmdlab-nlp/SlideVQA and download its slides",
}


def hub_set(kind: str, name: str | None) -> HubSet:
    """The set of a kind. Raises `EvaluationError` for one that the hub does not have in the form that is read here."""
    if kind not in HUB:
        where = ELSEWHERE.get(kind)
        raise EvaluationError(
            f"{kind} is not on the hub in the form that is read here: {where}"
            if where
            else f"there is no kind {kind!r} to fetch; there are {', '.join(HUB)}"
        )
    sets = HUB[kind]
    if name is None and len(sets) == 1:
        name = next(iter(sets))
    if name is not None and "/" in name:
        return HubSet(name, None, next(iter(sets.values())).patterns)
    if name is None or name not in sets:
        said = f"there is no set {name!r} of kind {kind}" if name else f"{kind} has several sets: name one with --set"
        raise EvaluationError(f"{said}; there are {', '.join(sets)}, or a repository as OWNER/NAME")
    return sets[name]


def fetch(wanted: HubSet, folder: Path, revision: str | None = None, endpoint: str | None = None) -> Fetched:
    """Downloads what is not there yet. `revision`: a commit, branch or tag instead of the pinned one.

    Raises `EvaluationError` when the hub cannot be reached, does not have it, or does not give it.
    """
    from huggingface_hub import HfApi, errors, snapshot_download

    where, api = wanted.repository, HfApi(endpoint=endpoint)
    asked = revision or wanted.revision
    try:
        # Resolved first: snapshot_download itself takes a folder that is there for the data when the network is not.
        commit = api.dataset_info(where, revision=asked).sha
        snapshot_download(
            where,
            repo_type="dataset",
            revision=commit,
            local_dir=folder,
            allow_patterns=list(wanted.patterns) or None,
            endpoint=endpoint,
        )
        listed = api.list_repo_files(where, repo_type="dataset", revision=commit)
    except errors.GatedRepoError:
        raise EvaluationError(
            f"{where} is gated: accept its conditions at huggingface.co/datasets/{where}, and set HF_TOKEN"
        ) from None
    except errors.RevisionNotFoundError:
        raise EvaluationError(f"{where} has no revision {asked!r}: name a commit, branch or tag of it") from None
    except (errors.RepositoryNotFoundError, errors.HFValidationError):
        raise EvaluationError(f"there is no data set {where} on the hub, or not without a token (HF_TOKEN)") from None
    except (errors.HTTPError, errors.OfflineModeIsEnabled, errors.LocalEntryNotFoundError) as error:
        said = " ".join(str(error).split())[:200]
        raise EvaluationError(
            f"{where} cannot be fetched ({said}): check the network, or copy the set into {folder} by hand"
        ) from None
    except OSError as error:
        raise EvaluationError(f"{where} cannot be written to {folder}: {error}") from None
    for gone in set(_noted(folder).get("files", ())) - set(listed):
        if (folder / gone).resolve().is_relative_to(folder.resolve()):
            (folder / gone).unlink(missing_ok=True)  # of another commit: it would be read beside what is there now
    files = [file for pattern in wanted.patterns or ("**/*",) for file in folder.glob(pattern) if file.is_file()]
    if not files:
        raise EvaluationError(f"{where} holds none of {', '.join(wanted.patterns)}: it has another layout")
    known = noted_revision(folder)
    for archive in files:
        unpack(archive, again=known != commit)
    note = {"repository": where, "revision": commit, "files": sorted(listed)}
    (folder / NOTE).write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
    return Fetched(where, str(commit), folder, len(files), wanted.then)


def noted_revision(folder: Path) -> str | None:
    """The commit that the data in the folder were fetched at; None for data that came otherwise."""
    return _noted(folder).get("revision")


def _noted(folder: Path) -> dict[str, Any]:
    """What `fetch` noted of the folder: repository, revision, and all files of that commit; empty if it was not it."""
    file = folder / NOTE
    if not file.is_file():
        return {}
    try:
        note = json.loads(file.read_text(encoding="utf-8"))
        return {**note, "revision": str(note["revision"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError(f"{file} cannot be read ({error}): fetch the set again, or remove the file") from None
