"""The documents name only what exists, and every library has its reason."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
PATH = re.compile(r"`((?:src|tests|docs|migrations|bench|tools|\.ci)/[A-Za-z0-9_./-]+)`")
CITED = re.compile(r"rules(?:\]\(rules\.md\))?, sections? (\d+(?:(?:, | and )\d+)*)")
BY_NAME = re.compile(r"`([a-z_]+\.py)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_paths_exist(page: Path) -> None:
    missing = [path for path in PATH.findall(page.read_text()) if not (ROOT / path).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_files_exist_somewhere(page: Path) -> None:
    there = {path.name for folder in ("src", "tests", "bench", "tools") for path in (ROOT / folder).rglob("*.py")}
    assert [name for name in BY_NAME.findall(page.read_text()) if name not in there] == []


def test_cited_rules_exist() -> None:
    sources = [path for folder in ("src", "tests", "bench", "migrations") for path in (ROOT / folder).rglob("*.*")]
    cited = {
        section
        for path in [*PAGES, *sources]
        if path.suffix in {".py", ".sql", ".md"}
        for sections in CITED.findall(path.read_text(encoding="utf-8"))
        for section in re.findall(r"\d+", sections)
    }
    there = set(re.findall(r"^## (\d+)\. ", (ROOT / "docs/rules.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert len(cited) > 10
    assert cited <= there


def test_every_library_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    reasons = (ROOT / "docs/decisions/0002-libraries.md").read_text()
    names = [re.split(r"[\[><=;~! ]", line)[0] for line in project["project"]["dependencies"]]
    assert [name for name in names if name not in reasons] == []
