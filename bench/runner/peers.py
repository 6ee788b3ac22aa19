# SPDX-License-Identifier: MIT
"""The other servers, unpacked into the build folder and not installed into the system."""

import glob
import json
import os
import shutil
import subprocess

from runner.processes import Failed

PACKAGES = ("nginx", "lighttpd", "lighttpd-mod-webdav")


def _folder(context):
    return os.path.join(context.build, "bench", "peers")


def _run(command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()[-1000:]}")


def install(context, note):
    """Fetches missing peers; reports those that are not available."""
    folder = _folder(context)
    os.makedirs(folder, exist_ok=True)
    for package in PACKAGES:
        target = os.path.join(folder, package)
        if os.path.isdir(target):
            continue
        try:
            _run(["apt-get", "download", "-q", package], folder)
            archive = glob.glob(os.path.join(folder, f"{package}_*.deb"))[0]
            _run(["dpkg", "-x", archive, target + ".new"], folder)
            os.rename(target + ".new", target)
        except (Failed, IndexError, OSError) as error:
            note(f"{package} is left out: {error}")
    _install_tus(context, note)


def _install_tus(context, note):
    target = os.path.join(_folder(context), "tus")
    if shutil.which("npm") is None or shutil.which("node") is None:
        note("@tus/server is left out: npm and node are not installed")
        return
    if os.path.isdir(os.path.join(target, "node_modules", "@tus", "server")):
        return
    source = os.path.join(context.root, "bench", "peers")
    os.makedirs(target, exist_ok=True)
    for name in ("package.json", "package-lock.json", "tus_server.mjs"):
        shutil.copy(os.path.join(source, name), target)
    try:
        _run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], target)
    except Failed as error:
        note(f"@tus/server is left out: {error}")


def _existing(path, name):
    if not os.path.exists(path):
        raise Failed(f"{name} is not there")
    return path


def nginx(context):
    return _existing(os.path.join(_folder(context), "nginx", "usr/sbin/nginx"), "nginx")


def lighttpd(context):
    """The program and the folder of its modules."""
    folder = _folder(context)
    program = _existing(os.path.join(folder, "lighttpd", "usr/sbin/lighttpd"), "lighttpd")
    modules = os.path.join(folder, "lighttpd", "usr/lib/lighttpd")
    webdav = _existing(os.path.join(folder, "lighttpd-mod-webdav", "usr/lib/lighttpd/mod_webdav.so"), "mod_webdav")
    if not os.path.exists(os.path.join(modules, "mod_webdav.so")):
        shutil.copy(webdav, modules)
    return program, modules


def node(context):
    del context
    program = shutil.which("node")
    if program is None:
        raise Failed("node is not installed")
    return program


def tus_server(context):
    target = os.path.join(_folder(context), "tus")
    _existing(os.path.join(target, "node_modules", "@tus", "server"), "@tus/server")
    return os.path.join(target, "tus_server.mjs")


def tus_version(context):
    path = os.path.join(_folder(context), "tus", "node_modules", "@tus", "server", "package.json")
    try:
        with open(path, encoding="utf-8") as file:
            return {"@tus/server": json.load(file)["version"]}
    except FileNotFoundError:
        return {}


def available(context):
    """Keys of the peers that can be started."""
    found = []
    for key, needed in (("nginx-1m", nginx), ("nginx", nginx), ("lighttpd", lighttpd), ("tus-node", tus_server)):
        try:
            needed(context)
            found.append(key)
        except Failed:
            pass
    if os.environ.get("TUSD"):
        found.append("tusd")
    return found
