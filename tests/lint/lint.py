#!/usr/bin/env python3
"""Holds the tree to its own rules; prints one line per violation and exits 1 when there is any.

    lint.py ROOT

The rules come from docs/architecture.md: which module may include which (first table) and where a
third-party library may be included (second table); within a module that has rooms, which room may include
which. Tests may include any module and any library.
Beside them: each built module is in the table and has a README.md, no file postpones work in a
comment, no test is skipped or switched off, no lock file names a package registry, no link of a page
leads nowhere, each function that the life of a request goes through is in the file that it names,
docs/exit-codes.md has every exit status of the program, and no source of the program is
longer than 400 lines without a reason in tests/lint/long_sources.txt.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Iterator, NamedTuple

MODULE_ROOTS = ("src", "exporters", "probes")
CODE = (".cpp", ".hpp", ".h", ".cc", ".c")
LEFT_OUT_FOLDERS = {".git", "build", "results", "node_modules", "__pycache__"}
LOCK_FILES = {"package-lock.json", "npm-shrinkwrap.json", "yarn.lock", ".npmrc", "pip.conf"}

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
# Written so that this file does not match itself.
POSTPONED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME)\b")
SKIPPED = re.compile(
    r"\bGTEST" + r"_SKIP\b|\bDISABLED" + r"_\w|\bskip" + r"Test\b|\bunittest\.skip"
    r"|\b(?:it|test|describe)\.(?:skip|only|to" + r"do)\b")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
LONGEST = 400  # lines of a source
LONG_SOURCES = "tests/lint/long_sources.txt"  # those over it, a line each: path: reason
EXIT_CODES = ("src/app/exit_code.hpp", "docs/exit-codes.md")
REGISTRY = re.compile(r'"resolved"\s*:\s*"https?://|\bhttps?://registry\.|^\s*registry\s*=|^\s*resolved ', re.M)


class Violation(NamedTuple):
    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


class Library(NamedTuple):
    name: str
    headers: list[str]
    homes: list[str]


class Tables(NamedTuple):
    modules: dict[str, set[str]]  # folder -> folders it may include
    libraries: list[Library]
    rooms: dict[str, set[str]]  # folder within a module -> others of that module that it may include


class BadTable(Exception):
    pass


# --- docs/architecture.md ------------------------------------------------------------------------

def table_rows(text: str, first_header: str) -> Iterator[list[str]]:
    """The body rows of the one table whose first header cell is `first_header`."""
    inside = False
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.lstrip().startswith("|") else []
        if not cells:
            inside = False
        elif cells[0] == first_header:
            inside = True
        elif inside and not set(cells[0]) <= set("-: "):
            yield cells


def split_list(cell: str) -> list[str]:
    return [item.strip().strip("`") for item in cell.split(",") if item.strip()]


def read_tables(text: str) -> Tables:
    modules: dict[str, set[str]] = {}
    for cells in table_rows(text, "folder"):
        if len(cells) != 3:
            raise BadTable(f"module table: a row needs three cells, got {cells}")
        folder = cells[0].strip("`")
        modules[folder] = {item if "/" in item else f"src/{item}" for item in split_list(cells[2])}
    rooms = {cells[0].strip("`"): set(split_list(cells[2]))
             for cells in table_rows(text, "room") if len(cells) == 3}
    for room, may in rooms.items():
        for other in sorted(may - rooms.keys()):
            raise BadTable(f"table of rooms: {room} may include {other}, which has no row")
    libraries = [Library(cells[0], split_list(cells[1]), split_list(cells[2]))
                 for cells in table_rows(text, "library") if len(cells) == 3]
    if not modules or not libraries:
        raise BadTable("the module table or the third-party table is missing")
    for folder, may in modules.items():
        for other in sorted(may - modules.keys()):
            raise BadTable(f"module table: {folder} may include {other}, which has no row")
    return Tables(modules, libraries, rooms)


def find_cycle(modules: dict[str, set[str]]) -> list[str]:
    """A chain of modules that leads back to its start, or nothing."""
    done: set[str] = set()

    def visit(folder: str, chain: list[str]) -> list[str]:
        if folder in chain:
            return chain[chain.index(folder):] + [folder]
        if folder in done:
            return []
        for other in sorted(modules[folder]):
            if cycle := visit(other, chain + [folder]):
                return cycle
        done.add(folder)
        return []

    for start in sorted(modules):
        if cycle := visit(start, []):
            return cycle
    return []


# --- the tree ------------------------------------------------------------------------------------

def files_of(root: Path) -> list[str]:
    """Tracked files and new ones that git would track; all files where there is no git."""
    if (root / ".git").exists():
        listed = subprocess.run(["git", "-c", f"safe.directory={root}", "ls-files", "-coz", "--exclude-standard"],
                                cwd=root, capture_output=True, text=True, check=False)
        if listed.returncode == 0:
            return sorted(name for name in listed.stdout.split("\0") if name and (root / name).is_file())
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in LEFT_OUT_FOLDERS]
        found += [str((Path(folder) / name).relative_to(root)) for name in names]
    return sorted(found)


def module_of(path: str, modules: dict[str, set[str]]) -> str | None:
    """The folder of the table that `path` lies in; longest first, so that a nested one wins."""
    fitting = [folder for folder in modules if path.startswith(folder + "/")]
    return max(fitting, key=len, default=None)


def own_header(path: str, name: str, modules: dict[str, set[str]], files: set[str]) -> str | None:
    """The module that #include `name` in `path` reaches, None when it is not one of ours."""
    for candidate in (os.path.normpath(f"{os.path.dirname(path)}/{name}"), f"src/{name}", name):
        if candidate in files:
            return module_of(candidate, modules)
    return module_of(f"src/{name}", modules) or module_of(name, modules)  # made by the build


def room_of(path: str, rooms: dict[str, set[str]]) -> str | None:
    return next((room for room in rooms if path.startswith(room + "/")), None)


def check_rooms(path: str, text: str, tables: Tables, files: set[str]) -> Iterator[Violation]:
    """Of a file in a room: it includes what its row says, and nothing that stands above the rooms of its module."""
    room = room_of(path, tables.rooms)
    if room is None:
        return
    module = module_of(path, tables.modules)
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match or not match.group(1):
            continue
        name = match.group(1)
        for candidate in (os.path.normpath(f"{os.path.dirname(path)}/{name}"), f"src/{name}", name):
            if candidate not in files or module_of(candidate, tables.modules) != module:
                continue
            other = room_of(candidate, tables.rooms)
            if other != room and other not in tables.rooms[room]:
                yield Violation(path, number, f'{room} may not include {other or "what stands above it"} ("{name}")')
            break


def check_life(root: Path, page: str, text: str) -> Iterator[Violation]:
    """The functions of the table that begins with `what happens` are in the files that it names."""
    for cells in table_rows(text, "what happens"):
        if len(cells) != 3:
            yield Violation(page, 0, f"the life of a request: a row needs three cells, got {cells}")
            continue
        name, path = cells[1].strip("`"), cells[2].strip("`")
        source = (root / path).read_text(encoding="utf-8") if (root / path).is_file() else ""
        owner, _, function = name.rpartition("::")
        # In a source its definition; in a header a member of its class.
        there = re.search(rf"\b{name}\(", source) if path.endswith(".cpp") else (
            re.search(rf"\b(class|struct) {owner}\b", source) and re.search(rf"\b{function}\(", source))
        if not there:
            yield Violation(page, 0, f"{name} is not in {path}")


def check_includes(path: str, text: str, tables: Tables, files: set[str]) -> Iterator[Violation]:
    module = module_of(path, tables.modules)
    if module is None:
        return
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        name = match.group(1) or match.group(2)
        target = own_header(path, name, tables.modules, files)
        if target is not None:
            if target != module and target not in tables.modules[module]:
                yield Violation(path, number, f'{module} may not include {target} ("{name}")')
            continue
        for library in tables.libraries:
            at_home = module in library.homes or path in library.homes
            if any(name.startswith(header) for header in library.headers) and not at_home:
                yield Violation(path, number, f"{library.name} is confined to {', '.join(library.homes)} (<{name}>)")


def check_modules(tables: Tables, files: set[str]) -> Iterator[Violation]:
    folders = {"/".join(path.split("/")[:2]) for path in files
               if path.startswith(tuple(f"{root}/" for root in MODULE_ROOTS)) and path.count("/") >= 2}
    for folder in sorted(folders):
        if folder not in tables.modules:
            yield Violation(folder, 0, "has no row in the module table of docs/architecture.md")
        elif f"{folder}/CMakeLists.txt" in files and f"{folder}/README.md" not in files:
            yield Violation(folder, 0, "has no README.md (what it is for, what it may include, where to add the next one)")


def check_folders(tables: Tables, files: set[str]) -> Iterator[Violation]:
    """A module that has one room in the table has all its folders there, and none that is empty."""
    folders = {os.path.dirname(path) for path in files if path.endswith(CODE)}
    modules = {module_of(room + "/", tables.modules) for room in tables.rooms}
    for folder in sorted(folders):
        module = module_of(folder + "/", tables.modules)
        if module in modules and folder != module and folder not in tables.rooms:
            yield Violation(folder, 0, "has no row in the table of rooms of docs/architecture.md")
    for room in sorted(tables.rooms.keys() - folders):
        yield Violation("docs/architecture.md", 0, f"the table of rooms has {room}, which holds no source")


def check_words(path: str, text: str) -> Iterator[Violation]:
    in_tests = path.startswith("tests/")
    for number, line in enumerate(text.splitlines(), 1):
        if match := POSTPONED.search(line):
            yield Violation(path, number, f"{match.group()}: finish it, or say in docs what is missing")
        if in_tests and (match := SKIPPED.search(line)):
            yield Violation(path, number, f"{match.group()}: no test is skipped or switched off")


def check_lock_file(path: str, text: str) -> Iterator[Violation]:
    if match := REGISTRY.search(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Violation(path, line, "names a package registry; npm config set omit-lockfile-registry-resolved true")


def check_links(path: str, text: str, root: Path) -> Iterator[Violation]:
    for number, line in enumerate(text.splitlines(), 1):
        for target in LINK.findall(line):
            if "://" not in target and not (root / path).parent.joinpath(target).exists():
                yield Violation(path, number, f"the link to {target} leads nowhere")


def check_exit_codes(root: Path) -> Iterator[Violation]:
    """The enumeration and the page's table hold the same names with the same numbers."""
    code, page = EXIT_CODES
    if not (root / code).exists():
        return
    known = set(re.findall(r"^    (\w+) = (\d+),", (root / code).read_text(encoding="utf-8"), re.M))
    text = (root / page).read_text(encoding="utf-8") if (root / page).exists() else ""
    told = {(name, number) for number, name in re.findall(r"^\| (\d+) \| (\w+) \|", text, re.M)}
    for name, number in sorted(known ^ told):
        yield Violation(page, 0, f"{number} {name}: only {code if (name, number) in known else 'this page'} has it")


def is_product_source(path: str) -> bool:
    return path.startswith(tuple(f"{folder}/" for folder in MODULE_ROOTS)) and path.endswith((*CODE, ".js", ".py"))


def check_lengths(lengths: dict[str, int], listed: str) -> Iterator[Violation]:
    """`lengths`: lines by product source; `listed`: the text of the list of reasons."""
    excused = set()
    for number, line in enumerate(listed.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        path, _, reason = line.partition(":")
        if not reason.strip():
            yield Violation(LONG_SOURCES, number, f"{path} has no reason; write path: reason")
        elif path not in lengths:
            yield Violation(LONG_SOURCES, number, f"{path} is no source of the program")
        elif lengths[path] <= LONGEST:
            yield Violation(LONG_SOURCES, number, f"{path} has {lengths[path]} lines: it needs no reason any more")
        excused.add(path)
    for path, lines in sorted(lengths.items()):
        if lines > LONGEST and path not in excused:
            yield Violation(path, lines, f"{lines} lines, of {LONGEST} at most: make it several files, "
                                         f"or say in {LONG_SOURCES} why it is one")


def lint(root: Path) -> list[Violation]:
    page = "docs/architecture.md"
    try:
        tables = read_tables((root / page).read_text(encoding="utf-8"))
    except (OSError, BadTable) as error:
        return [Violation(page, 0, str(error))]
    names = files_of(root)
    files = set(names)
    found = list(check_modules(tables, files))
    if cycle := find_cycle(tables.modules):
        found.append(Violation(page, 0, f"the module table has a cycle: {' -> '.join(cycle)}"))
    if cycle := find_cycle(tables.rooms):
        found.append(Violation(page, 0, f"the table of rooms has a cycle: {' -> '.join(cycle)}"))
    found += check_folders(tables, files)
    found += check_life(root, page, (root / page).read_text(encoding="utf-8"))
    found += check_exit_codes(root)
    lengths: dict[str, int] = {}
    for path in names:
        try:
            text = (root / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or the like
        if os.path.basename(path) in LOCK_FILES:
            found += check_lock_file(path, text)
            continue
        if is_product_source(path):
            lengths[path] = len(text.splitlines())
        if path.endswith(".md"):
            found += check_links(path, text, root)
        if path.endswith(CODE):
            found += check_includes(path, text, tables, files)
            found += check_rooms(path, text, tables, files)
        if not re.search(r"\.min\.(js|css)$", path):
            found += check_words(path, text)
    list_of_long = root / LONG_SOURCES
    found += check_lengths(lengths, list_of_long.read_text(encoding="utf-8") if list_of_long.exists() else "")
    return found


def main() -> int:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    found = lint(root)
    for violation in found:
        print(violation)
    print(f"lint: {len(found)} violations in {root.name}" if found else "lint: nothing found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
