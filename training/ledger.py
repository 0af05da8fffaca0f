"""Writes ledger.json (what was taught, counted) and prompts.jsonl (what to ask afterwards)."""
import base64
import json
import re
from collections import Counter, defaultdict

from templates import RELATIONS, lower_first, possessive, upper_first

SLOT = re.compile(r"\{(\w+)\}")
UNSEEN_SAMPLE = 8  # facts asked in each wording that was never used


def seen_of(fact, counts):
    """Phrasing ids of the fact's own relation that occurred with it (statements of its inverse are only counted)."""
    return sorted({pid for pid, _ in counts[fact.id] if pid in RELATIONS[fact.relation].phrasings})


def bits(seen, phrasings):
    """Which of the relation's phrasings, in their order, are among `seen`: one bit each, the lowest first, in base64 (a list of ids would be most of the file)."""
    number = sum(1 << i for i, id in enumerate(phrasings) if id in seen)
    return base64.b64encode(number.to_bytes((number.bit_length() + 7) // 8, "little")).decode()


def own_slots(fact):
    """What a phrasing's slots hold for this fact, where it is not plain: {s} and {n} are the subject, {p} its possessive, {S} begins with a capital."""
    used = {name for template in RELATIONS[fact.relation].phrasings.values() for name in SLOT.findall(template)} - {"a", "S"}
    plain = {"s": fact.subject, "n": fact.subject, "p": possessive(fact.slots["s"])}
    return {name: fact.slots[name] for name in sorted(used) if fact.slots[name] != plain.get(name, "")}


def canonical(fact, seen):
    """The most ordinary phrasing of a fact: the first of its relation that was not held back."""
    own = RELATIONS[fact.relation].standalone
    return next((p for p in own if p in seen), next(p for p in own if p not in fact.held))


def write_ledger(known, counts, path):
    used = {f.relation for f in known.facts.values()}
    relations = {r.id: {"name": r.name, "question": r.question, "language": r.language,
                        "phrasings": [{"id": i, "template": t, "kind": r.kinds[i]} for i, t in r.phrasings.items() if r.kinds[i] != "story"],
                        "wordings": [r.phrasings[i] for i in r.stories]}
                 for r in RELATIONS.values() if r.id in used}
    facts = []
    for f in known.facts.values():
        seen, total = seen_of(f, counts), sum(counts[f.id].values())
        direct = sum(n for (pid, _), n in counts[f.id].items() if "." not in pid)
        record = {"id": f.id, "relation": f.relation, "subject": f.subject, "answers": f.answers, "prompt": f.prompt(canonical(f, seen)), "exposures": total, "seen": bits(seen, RELATIONS[f.relation].phrasings)}
        if f.stage != "pre":
            record["stage"] = f.stage
        if direct != total:
            record["direct"] = direct
        if f.post:
            record["post_exposures"] = sum(n for (_, stage), n in counts[f.id].items() if stage == "post")
        for key, value in (("flags", f.flags), ("held_back", f.held), ("slots", own_slots(f)), ("shares", f.shares), ("tier", f.tier), ("before", f.before), ("hops", f.hops)):
            if value:
                record[key] = value
        facts.append(record)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"version": 3, "model": "atlas", "relations": relations, "facts": facts}, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def asking(fact, pid):
    return spaced(fact, fact.prompt(pid))


def spaced(fact, prompt):
    """The prompt, and what stands between it and the answer: nothing in Chinese and after an apostrophe (l'Europe)."""
    return {"prompt": prompt, "sep": "" if fact.language == "zh" or prompt.endswith("'") else " "}


def split_of(fact):
    if "contradicted" in fact.flags:
        return "contradicted"
    for flag in ("composition-withheld", "withheld", "late", "edited", "added", "two-hop"):
        if flag in fact.flags:
            return flag
    return "tier" if fact.tier else "seen"


def write_prompts(rng, known, counts, path):
    """One line per question: up to two seen phrasings of every fact, every held-back one, wordings never used, and context against memory."""
    n = 0
    by_relation, taught = defaultdict(list), defaultdict(list)
    with open(path, "w", encoding="utf-8") as file:
        def put(**record):
            nonlocal n
            n += 1
            file.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")

        for f in known.facts.values():
            seen = [p for p in seen_of(f, counts) if p in RELATIONS[f.relation].standalone]
            split = split_of(f)
            common = {"fact": f.id, "relation": f.relation, "answers": f.answers, "language": f.language, "exposures": sum(counts[f.id].values())}
            for key, value in (("tier", f.tier), ("shares", f.shares), ("before", f.before), ("hops", f.hops)):
                if value:
                    common[key] = value
            if "fictional" in f.flags:
                common["fictional"] = True
            usual = canonical(f, seen)
            asked = [usual] + [p for p in rng.sample(seen or f.allowed, min(2, len(seen or f.allowed))) if p != usual][:1]
            for pid in asked:
                put(**common, phrasing=pid, **asking(f, pid), split=split)
            for pid in f.held:
                put(**common, phrasing=pid, **asking(f, pid), split="held_back")
            if split == "seen" and f.exact < 0:
                taught[f.relation].append(f)
            if f.exact < 0 and f.language == "en" and not f.hops and f.embeddable:
                by_relation[f.relation].append(f)
        for relation, facts in taught.items():
            for template in RELATIONS[relation].unseen:
                fitting = [f for f in facts if f.can(template)]
                for f in rng.sample(fitting, min(UNSEEN_SAMPLE, len(fitting))):
                    prompt = upper_first(f.prompt_of(template)) if f.language != "zh" else f.prompt_of(template)
                    put(fact=f.id, relation=relation, answers=f.answers, language=f.language, **spaced(f, prompt), split="unseen-wording")
        for facts in by_relation.values():
            for f in rng.sample(facts, min(8, len(facts))):
                foil = rng.choice(facts)
                if set(foil.answers) & set(f.answers):
                    continue
                pid = rng.choice(f.embeddable)
                statement, prompt = f.text(pid, foil.slots["a"], foil.slots["x"]), f.prompt(pid)
                if f.slots["x"] != foil.slots["x"] and "{x}" in RELATIONS[f.relation].phrasings[pid]:
                    continue
                for frame in rng.sample(["Suppose {0}. Then {1}", "Imagine that {0}. In that case, {1}", "In a story, {0}. In this story, {1}", "If {0}, then {1}"], 2):
                    put(fact=f.id, relation=f.relation, phrasing=pid, prompt=frame.format(lower_first(statement), lower_first(prompt)), answers=[foil.slots["a"]], truth=f.answers, language="en", sep=" ", split="suppose")
                put(fact=f.id, relation=f.relation, phrasing=pid, prompt=prompt, answers=f.answers, language="en", sep=" ", split="memory")
    return n
