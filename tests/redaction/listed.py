#!/usr/bin/env python3
"""Leaks of what the form lists, by the form in which it is written: {"exact": 0, "typo": 3, ...} over all audiences.

  listed.py corpus.jsonl views.jsonl
"""
import collections, json, pathlib, sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "corpus"))
import score


def main(gold, views):
    leaks = collections.Counter()
    views = score.load_views(views)
    for narrative in score.load_jsonl(gold):
        for audience in score.AUDIENCES:
            text = views[narrative["id"]]["views"][audience]
            view = score.View(score.strip_labels(text, narrative["text"]))
            for item in narrative["views"][audience]["must_not"]:
                if item["type"] in score.SOFT_TYPES or not item.get("listed"):
                    continue
                seen = view.count(item["text"], item["type"], item.get("cs", False)) - item.get("allowed", 0)
                leaks[item.get("form", "exact")] += max(0, min(item["n"], seen))
    json.dump(leaks, sys.stdout)


main(*sys.argv[1:])
