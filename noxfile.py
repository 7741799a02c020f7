"""All checks of the project, one session each: `nox` runs the quick ones, `nox --list` shows all of them.

Sessions install with ``-c constraints.txt``, so that every machine tests the same versions; only `minimums` installs
the lowest versions that pyproject.toml declares.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import nox

nox.needs_version = ">=2026.10.20"
nox.options.reuse_venv = "yes"
nox.options.error_on_external_run = True
nox.options.error_on_missing_interpreters = False  # `pythons` skips what is not installed, with a message

# Tests start hundreds of interpreters. Without stored bytecode, each compiles our packages again, and each session of
# pytest rewrites the assertions of our modules: a fifth of the processor time that the tests of the plugin took.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

HERE = Path(__file__).parent
PYPROJECT = nox.project.load_toml(HERE / "pyproject.toml")
DEBIAN_TOOLS = {
    "go": "golang-go",
    "javac": "default-jdk-headless",
    "node": "nodejs",
    "npm": "npm",
    "curl": "curl",
    "wget": "wget",
}
"""The Debian package of each program that the session `programs` needs."""
SDKS = (
    *("google-genai==2.34.0", "litellm==1.110.2", "gmicloud==0.1.10", "pydantic", "pyjwt", "requests", "tqdm"),
    *("volcengine-python-sdk[ark]==5.0.54", "byteplus-python-sdk-v2==3.0.63", "fal-client==1.0.3"),
    *("aiohttp", "httpx2"),
)
"""What the programs of that session use; gmicloud declares no dependency."""
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


def group(name: str) -> tuple[str, ...]:
    """Return the requirements of one dependency group of pyproject.toml."""
    return nox.project.dependency_groups(PYPROJECT, name)


def install(session: nox.Session, *requirements: str) -> None:
    """Install *requirements* at the pinned versions."""
    session.install("--quiet", "-c", "constraints.txt", *requirements)


def measured_tests(session: nox.Session) -> None:
    """Run the tests on all cores under coverage; fail if the share is below `fail_under`."""
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", "-n", "auto", "-m", "not slow", *session.posargs)
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")


@nox.session(allow_parallel=True)
def lint(session: nox.Session) -> None:
    """Check style, likely mistakes and wording: ruff's linter and formatter, codespell. Changes no file."""
    install(session, *group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("codespell")


@nox.session(allow_parallel=True)
def types(session: nox.Session) -> None:
    """Check types: mypy --strict over everything, pyright strict over the client, which users type-check against."""
    install(session, "-e", ".[all]", *group("types"), *group("test"))
    session.run("mypy", *session.posargs)
    session.run("pyright")


@nox.session(allow_parallel=True)
def tests(session: nox.Session) -> None:
    """Run the project's own tests in random order (the seed is printed) with branch coverage of the four packages."""
    install(session, "-e", ".[all]", *group("test"))
    measured_tests(session)


@nox.session(allow_parallel=True)
def docs(session: nox.Session) -> None:
    """Build the documentation site in build/site: no dead link, no request to elsewhere; `-- --material` by MkDocs."""
    install(session, "-e", ".[all]", *group("docs"))
    if "--material" in session.posargs:
        session.install("--quiet", "mkdocs-material>=9.7")
    session.run("python", "-m", "tools.docs_site", *session.posargs)


@nox.session(default=False)
def httpx2(session: nox.Session) -> None:
    """Run the client's tests with httpx2 in place of httpx; `tests` runs those of injected clients with both."""
    install(session, "-e", ".[all]", *group("test"))
    session.run("python", "-m", "pytest", "-n", "auto", "-p", "tests.httpx2_alias", "tests/clients", *session.posargs)


@nox.session(default=False)
def slow(session: nox.Session) -> None:
    """Run the tests that take about a minute each: every vendor's live plan over TLS, and mutations that are caught."""
    install(session, "-e", ".[all]", *group("test"))
    session.run("pytest", "-n", "auto", "-m", "slow", *session.posargs)


@nox.session(default=False)
def postgres(session: nox.Session) -> None:
    """Run the tests of job stores on a real PostgreSQL server, which is installed if the system has none (Debian)."""
    install(session, "-e", ".[all]", *group("test"))
    if not shutil.which("initdb") and not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        command = ("apt-get", "install", "--yes", "--no-install-recommends", "postgresql")
        session.run(*command, external=True, env={"DEBIAN_FRONTEND": "noninteractive"})
    session.run("pytest", "-m", "not slow", "tests/clients/store", *session.posargs)


@nox.session(default=False)
def laws(session: nox.Session) -> None:
    """Run the project's own tests with sixteen times as many Hypothesis examples; takes about an hour."""
    install(session, "-e", ".[all]", *group("test"))
    session.run("pytest", "-n", "auto", "--hypothesis-profile=thorough", *session.posargs)


@nox.session(allow_parallel=True)
def contracts(session: nox.Session) -> None:
    """Run the contracts as a user does, on all cores, and check that every documented binding fact has one."""
    install(session, "-e", ".[all]", "pytest-xdist")
    session.run("soundstage", "facts", "--check", silent=True)
    session.run("pytest", "-n", "auto", "--pyargs", "soundstage_contracts", *session.posargs)


@nox.session(default=False)
def schemathesis(session: nox.Session) -> None:
    """Test the simulator against its OpenAPI pages with Schemathesis: no server error, no undocumented response."""
    install(session, "-e", ".[all]", *group("openapi"))
    session.run("python", "tests/openapi/check_pages.py", *session.posargs)


@nox.session(default=False)
def matrix(session: nox.Session) -> None:
    """Every call of every client under every fault, against the laws; `-- --part 1/4` runs a quarter."""
    install(session, "-e", ".[all]")
    session.run("python", "-m", "soundstage_contracts.matrix", *session.posargs)


@nox.session(default=False)
def siege(session: nox.Session) -> None:
    """Attack the simulator with requests, kills, a full disk and web pages; `-- fuzz kills --seed 7 --scale 10`."""
    install(session, "-e", ".[all]", *group("test"))
    session.run("python", "-m", "tests.siege", *session.posargs)


@nox.session(default=False)
def breaks(session: nox.Session) -> None:
    """Mutation testing of the contracts; `-- --part 1/4` runs a quarter, `-- --resume FILE` what has changed."""
    install(session, "-e", ".[all]")
    session.run("python", "-m", "soundstage_contracts.mutation.runner", *session.posargs)


@nox.session(default=False)
def mutants(session: nox.Session) -> None:
    """Run generated mutants of every vendor; `-- --part 1/8` runs an eighth, `-- --resume FILE` what has changed."""
    install(session, "-e", ".[all]", *group("mutants"))
    session.run("python", "-m", "tools.mutants.runner", *session.posargs)


@nox.session(python=PYTHONS, default=False)
def pythons(session: nox.Session) -> None:
    """Run the tests on every Python version that pyproject.toml names, as far as it is installed."""
    install(session, "-e", ".[all]", *group("test"))
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session(python="3.11", default=False)
def minimums(session: nox.Session) -> None:
    """Run the tests with the lowest versions that pyproject.toml declares, on the oldest Python."""
    install(session, *group("release"))
    lowest = ("pip", "install", "--quiet", "--resolution", "lowest-direct", "--python", f"{session.bin}/python")
    session.run("uv", *lowest, "-e", ".[all]", *group("test"))
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session(default=False)
def wheel(session: nox.Session) -> None:
    """Install the built wheel alone, as a user does: client, commands, and an example project that runs contracts."""
    install(session, *group("release"))
    built = Path(session.create_tmp()) / "dist"
    session.run("python", "-m", "build", "--outdir", str(built))
    newest = max(built.glob("*.whl"), key=lambda path: path.stat().st_mtime)
    install(session, f"{newest}")
    session.run("python", "-c", "import soundstage; print(soundstage.__name__)")
    install(session, f"{newest}[all]")
    session.run("soundstage", "--version")
    session.run("soundstage", "facts")
    session.run("soundstage", "doctor")
    session.run("soundstage", "demo", "--out", str(built.with_name("demo")))
    install(session, "pytest-xdist")
    with TemporaryDirectory() as folder:  # outside of the repository, whose pytest configuration would apply
        project = Path(folder) / "ci_project"
        shutil.copytree(HERE / "examples" / "ci_project", project)
        with session.chdir(project):
            session.run("pytest")
            session.run(
                "pytest", "-n", "2", "--pyargs", "soundstage_contracts", "--soundstage-report", "contracts.html"
            )


@nox.session(default=False)
def release(session: nox.Session) -> None:
    """Build the sdist and the wheel of a tagged commit and check version, metadata and changelog; uploads nothing."""
    install(session, *group("release"))
    built = Path(session.create_tmp()) / "dist"
    shutil.rmtree(built, ignore_errors=True)  # the check refuses archives of other versions
    session.run("python", "-m", "build", "--outdir", str(built))
    session.run("python", "tools/check_release.py", str(built))


@nox.session(default=False)
def benchmarks(session: nox.Session) -> None:
    """Compare speeds as ratios: every program in benchmarks/, or those named after --."""
    install(session, "-e", ".[all]")
    for program in session.posargs or sorted(str(path) for path in Path("benchmarks").glob("[!_]*.py")):
        session.run("python", program)


@nox.session(default=False)
def examples(session: nox.Session) -> None:
    """Run every program in examples/ against the simulator, and the tests of those that have some."""
    install(session, "-e", ".[all]", "pytest-xdist")
    for program in sorted(str(path) for path in Path("examples").glob("[!_]*.py")):
        simulated = ("soundstage", "run", "--media", "small", "--") if program.endswith("_by_hand.py") else ()
        session.run(*simulated, "python", program)
    session.run("python", "examples/storyboard/storyboard.py")
    for tested in ("web_service", "own_client"):
        session.run("pytest", f"examples/{tested}")
    for package in sorted(path.parent for path in Path("examples/vendors").glob("*/pyproject.toml")):
        slug = package.name.removeprefix("soundstage-")
        session.install("--quiet", "--no-deps", "-e", str(package))
        session.run("pytest", "-c", str(package / "pyproject.toml"), str(package / "tests"))
        session.run("pytest", "--pyargs", "soundstage_contracts", "--soundstage-vendor", slug, "-n", "auto")
        session.run("soundstage", "facts", slug, "--check")


@nox.session(default=False)
def frameworks(session: nox.Session) -> None:
    """Use the pytest fixtures with pytest-asyncio, anyio, trio and unittest, and beside other packages' mocks."""
    plugins = ("pytest-asyncio>=0.24", "pytest-httpx>=0.35")
    install(session, "-e", ".[all]", *plugins, "requests>=2.32", "responses>=0.25", "trio>=0.27", "vcrpy>=7")
    session.run("pytest", "-c", "tests/frameworks/pytest.ini", "tests/frameworks/check_frameworks.py")


@nox.session(default=False)
def browser(session: nox.Session) -> None:
    """Check the inspector in Debian's chromium, which root installs; `PICTURES=FOLDER` keeps screenshots."""
    if shutil.which("chromium") is None:
        session.run("apt-get", "install", "-qq", "-y", "--no-install-recommends", "chromium", external=True)
    install(session, "-e", ".[all]", "playwright>=1.50")
    session.run("python", "tests/browser/check_inspector.py")


@nox.session(default=False)
def google_genai(session: nox.Session) -> None:
    """Run Google's own SDK, unchanged, against the simulator of Veo: its last release that makes videos with a key."""
    # google-genai 3 removed generate_videos for API keys: it raises ValueError and names the Enterprise mode.
    install(session, "-e", ".[all]", "google-genai==2.34.0")
    session.run("python", "tests/peers/google_genai.py")


@nox.session(default=False)
def gmicloud_sdk(session: nox.Session) -> None:
    """Run GMI Cloud's own package against the simulator, only its base address changed; it declares no dependency."""
    install(session, "-e", ".[all]", "gmicloud==0.1.10", "pydantic", "pyjwt", "requests", "tqdm")
    session.run("python", "tests/peers/gmicloud_sdk.py")


@nox.session(default=False)
def litellm_sdk(session: nox.Session) -> None:
    """Run the litellm SDK, unchanged, against the simulator of Veo; it needs packages newer than our pins."""
    session.install("--quiet", "-e", ".[all]", "litellm==1.110.2")
    session.run("python", "tests/peers/litellm_sdk.py")


@nox.session(default=False)
def programs(session: nox.Session) -> None:
    """Run unchanged programs of five languages at the vendors' real hosts: soundstage run, SDKs, every common stack."""
    missing = [package for tool, package in DEBIAN_TOOLS.items() if shutil.which(tool) is None]
    if missing:
        install_debian(session, missing)
    # Without our pins: the SDKs need newer versions of some packages.
    session.install("--quiet", "-e", ".[all]", *SDKS)
    for package in sorted(path.parent for path in Path("examples/vendors").glob("*/pyproject.toml")):
        session.install("--quiet", "--no-deps", "-e", str(package))
    node = Path(session.create_tmp()) / "node"
    node.mkdir(exist_ok=True)
    shutil.copy(HERE / "tests" / "programs" / "node" / "package.json", node)
    session.run("npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(node), external=True)
    session.run("python", "tests/programs/run_all.py", "--tools", str(node), *session.posargs)


def install_debian(session: nox.Session, packages: list[str]) -> None:
    """Install *packages* of Debian as root; where that is not possible, name them."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        session.error(f"missing programs; on Debian, as root: apt-get install {' '.join(packages)}")
    session.run("apt-get", "update", "-qq", external=True)
    session.run("apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages, external=True)


@nox.session(default=False)
def constraints(session: nox.Session) -> None:
    """Refresh constraints.txt with the newest compatible versions, for every Python and platform at once."""
    install(session, *group("release"))
    pins = Path(session.create_tmp()) / "pins.txt"
    session.run(
        *("uv", "pip", "compile", "--quiet", "--upgrade", "--universal", "--python-version", "3.11"),
        *("pyproject.toml", "--all-extras", "--group", "dev", "--no-annotate", "--no-header"),
        *("--output-file", str(pins)),
        silent=True,
    )
    target = HERE / "constraints.txt"
    header = [line for line in target.read_text().splitlines() if line.startswith("#")]
    target.write_text("\n".join([*header, pins.read_text()]))
