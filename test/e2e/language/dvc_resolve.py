"""Resolves pipelines with the real DVC. Reads `[{name, files}]` as JSON from stdin, writes one answer per project."""

import datetime
import json
import os
import shutil
import sys
import tempfile

# DVC greets every new project on stdout, and keeps its state in a folder of the whole machine.
ANSWERS = sys.stdout
sys.stdout = sys.stderr
os.environ["DVC_NO_ANALYTICS"] = "1"
os.environ["DVC_SITE_CACHE_DIR"] = tempfile.mkdtemp()

from dvc.dvcfile import load_file
from dvc.repo import Repo
from dvc.utils.serialize import parse_json, parse_py, parse_toml, parse_yaml

PARSERS = {"yaml": parse_yaml, "json": parse_json, "toml": parse_toml, "python": parse_py}


def typed(value):
    """JSON that keeps the kinds of numbers apart; keys become texts as in the tool under test."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, dict):
        return {"map": [[key if isinstance(key, str) else json.dumps(key), typed(item)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return [typed(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return {"set": sorted(json.dumps(typed(item)) for item in value)}
    if isinstance(value, (datetime.date, datetime.datetime, datetime.time)):
        return {"date": value.isoformat()}
    return {"other": type(value).__name__}


def out(each):
    kind = "metric" if each.metric else "plot" if each.plot else "out"
    return {
        "path": each.dumpd()["path"],
        "kind": kind,
        "cache": each.use_cache,
        "persist": each.persist,
        "push": each.can_push,
        "remote": each.remote,
        "desc": each.annot.desc,
        "type": each.annot.type,
        "labels": each.annot.labels,
        "meta": typed(each.annot.meta) if each.annot.meta else None,
        "plot": typed(dict(sorted(each.plot.items()))) if isinstance(each.plot, dict) and each.plot else None,
    }


def relative(root, path):
    return os.path.relpath(path, root)


def stage(root, each):
    params = [{"path": relative(root, dep.fs_path), "keys": list(dict.fromkeys(dep.params))} for dep in each.params]
    known = {id(dep) for dep in each.params}
    return {
        "name": each.name,
        "cmd": each.cmd,
        "wdir": relative(root, each.wdir),
        "deps": list(dict.fromkeys(dep.dumpd()["path"] for dep in each.deps if id(dep) not in known)),
        "params": params,
        "outs": [out(o) for o in each.outs],
        "frozen": each.frozen,
        "always_changed": each.always_changed,
        "desc": each.desc,
        "meta": typed(each.meta),
        "tracked": {relative(root, os.path.abspath(file)): sorted(keys) for file, keys in each.tracked_vars.items()},
    }


def resolve(project):
    with tempfile.TemporaryDirectory() as folder:
        root = os.path.realpath(folder)
        for path, text in project["files"].items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        os.chdir(root)
        repo = Repo.init(root, no_scm=True)
        with repo.config.edit() as conf:
            conf.update(project.get("config", {}))
        repo.close()
        repo = Repo(root)
        try:
            file = load_file(repo, os.path.join(root, project.get("file", "dvc.yaml")))
            stages = [stage(root, file.stages[name]) for name in file.stages]
            return {
                "stages": stages,
                "params": file.params,
                "metrics": file.metrics,
                "plots": typed(file.plots),
                "artifacts": typed(file.artifacts),
            }
        finally:
            repo.close()
            os.chdir("/")


def parse(text):
    return typed(PARSERS[text["format"]](text["text"], "file"))


def answer(function, question):
    try:
        return function(question)
    except BaseException as error:  # whatever DVC raises, it is a refusal
        return {"error": f"{type(error).__name__}: {error}"}


def main():
    request = json.load(sys.stdin)
    reply = {
        "projects": [answer(resolve, project) for project in request.get("projects", [])],
        "texts": [answer(parse, text) for text in request.get("texts", [])],
    }
    json.dump(reply, ANSWERS)


try:
    main()
finally:
    shutil.rmtree(os.environ["DVC_SITE_CACHE_DIR"])
