"""Fetches uv's wheel by pinned version and hash, with the standard library alone, and takes the program out of it.

Usage: fetch_uv.py DIRECTORY VERSION SHA256...
Asks pip first, as it knows this machine's index; without pip, the index that a variable or pip's configuration names.
Prints what it does, a line at a time. Exit code 3: there is neither pip nor an index to ask.
"""

import configparser
import hashlib
import html.parser
import os
import pathlib
import stat
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
import zipfile

NO_WAY = 3
LARGEST = 200 << 20


def is_pinned(path, hashes):
    return hashlib.sha256(path.read_bytes()).hexdigest() in hashes


def by_pip(directory, version, hashes):
    """The wheel, or nothing if pip is missing or cannot."""
    lock = directory / "uv.txt"
    pins = " ".join("--hash=sha256:" + one for one in hashes)
    lock.write_text(f"uv=={version} {pins}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "--require-hashes", "--dest", str(directory), "--requirement", str(lock)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        words = done.stderr.strip().splitlines()
        print("pip could not fetch it: " + (words[-1] if words else "it says nothing"), flush=True)
        return None
    return next(directory.glob("uv-*.whl"), None)


def indexes():
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if os.environ.get(name):
            yield os.environ[name].split("=", 1)[-1] if "://" not in os.environ[name].split("=", 1)[0] else os.environ[name]
    home = pathlib.Path.home()
    named = os.environ.get("PIP_CONFIG_FILE")
    places = [named, home / ".config/pip/pip.conf", home / ".pip/pip.conf", "/etc/pip.conf", "/etc/xdg/pip/pip.conf"]
    for place in filter(None, places):
        settings = configparser.RawConfigParser()
        try:
            settings.read(place, encoding="utf-8")
        except (configparser.Error, OSError):
            continue
        for section in ("download", "global"):
            if settings.has_option(section, "index-url"):
                yield settings.get(section, "index-url")


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        address = dict(attributes).get("href")
        if tag == "a" and address:
            self.found.append(address)


def by_index(index, directory, version, hashes):
    """The wheel from a simple index (PEP 503), whose links carry the hashes."""
    page = index.rstrip("/") + "/uv/"
    with urllib.request.urlopen(page, timeout=60) as answer:
        links = Links()
        links.feed(answer.read(16 << 20).decode("utf-8", "replace"))
        base = answer.geturl()
    for link in links.found:
        address, _, fragment = urllib.parse.urljoin(base, link).partition("#")
        name = urllib.parse.unquote(address.rsplit("/", 1)[-1])
        if not name.startswith(f"uv-{version}-") or fragment.removeprefix("sha256=") not in hashes:
            continue
        if os.uname().machine not in name:
            continue
        wheel = directory / name
        with urllib.request.urlopen(address, timeout=60) as answer:
            wheel.write_bytes(answer.read(LARGEST))
        return wheel
    print("the index has no pinned wheel of uv for this machine", flush=True)
    return None


def main():
    target, version, hashes = pathlib.Path(sys.argv[1]), sys.argv[2], set(sys.argv[3:])
    with tempfile.TemporaryDirectory(dir=target) as temporary:
        directory = pathlib.Path(temporary)
        wheel = by_pip(directory, version, hashes)
        asked = wheel is not None
        if wheel is None:
            for index in indexes():
                asked = True
                try:
                    wheel = by_index(index, directory, version, hashes)
                except OSError as error:
                    print(f"the index does not answer: {error}", flush=True)
                if wheel:
                    break
        if wheel is None:
            return 1 if asked else NO_WAY
        if not is_pinned(wheel, hashes):
            print("what came has another hash than the pinned ones: it is not used", flush=True)
            return 1
        with zipfile.ZipFile(wheel) as archive:
            program = directory / "uv"
            program.write_bytes(archive.read(f"uv-{version}.data/scripts/uv"))
        program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        program.replace(target / "uv")
    return 0


sys.exit(main())
