"""The ledger must equal the text: exposures are recounted, and what was never to be taught is searched for."""
import base64
import json
import pathlib
import random
import re
import sys
import tempfile
import unittest
from collections import Counter, defaultdict

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import corpus
import ledger
import world
from templates import RELATIONS, plural_of, possessive, unambiguous, upper_first


def facts_folder(**tables):
    """A copy of the facts with some tables extended by the given lines."""
    folder = pathlib.Path(tempfile.mkdtemp())
    for path in world.FOLDER.glob("*.tsv"):
        (folder / path.name).write_text(path.read_text(encoding="utf-8") + tables.get(path.stem, ""), encoding="utf-8")
    return folder


class Corpus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.known, cls.writer = corpus.build(120_000, tiny=True)
        cls.documents = [{"text": "", **json.loads(line[3])} for line in cls.writer.lines]
        folder = pathlib.Path(tempfile.mkdtemp())
        ledger.write_ledger(cls.known, cls.writer.counts, folder / "ledger.json")
        ledger.write_prompts(random.Random(1), cls.known, cls.writer.counts, folder / "prompts.jsonl")
        cls.ledger = json.loads((folder / "ledger.json").read_text(encoding="utf-8"))
        cls.prompts = [json.loads(line) for line in (folder / "prompts.jsonl").read_text(encoding="utf-8").splitlines()]
        cls.text = "\n\0\n".join(d["text"] for d in cls.documents).lower()

    def test_same_seed_same_text(self):
        again = corpus.build(120_000, tiny=True)[1]
        self.assertEqual([line[3] for line in again.lines], [line[3] for line in self.writer.lines])

    def test_exposures_equal_listed_statements(self):
        count = Counter(id for d in self.documents for id, _ in d["facts"])
        for fact in self.ledger["facts"]:
            self.assertEqual(fact["exposures"], count[fact["id"]], fact["id"])

    def test_the_ledger_tells_in_which_phrasings(self):
        told = defaultdict(set)
        for d in self.documents:
            for id, pid in d["facts"]:
                told[id].add(pid)
        for fact in self.ledger["facts"]:
            number = int.from_bytes(base64.b64decode(fact["seen"]), "little")
            relation = self.ledger["relations"][fact["relation"]]
            ids = [p["id"] for p in relation["phrasings"]] + [f"w{i}" for i in range(len(relation["wordings"]))]
            self.assertEqual({id for i, id in enumerate(ids) if number >> i & 1}, told[fact["id"]] & set(ids), fact["id"])

    def test_the_ledger_tells_what_stands_in_the_slots(self):
        for fact in self.ledger["facts"]:
            s = fact.get("slots", {}).get("s", fact["subject"])
            slots = {"n": fact["subject"], "p": possessive(s), **{name: "" for name in ("x", "ps")}, **fact.get("slots", {}), "s": s, "S": upper_first(s), "a": fact["answers"][0]}
            known = self.known.facts[fact["id"]]
            for pid, template in RELATIONS[fact["relation"]].phrasings.items():
                self.assertEqual(template.format_map(slots), known.text(pid), fact["id"])

    def test_plurals(self):
        names = ["wolf", "wedding dress", "fox", "fly", "woman", "tomato", "pound in weight", "sheep", "key"]
        self.assertEqual([plural_of(name) for name in names],
                         ["wolves", "wedding dresses", "foxes", "flies", "women", "tomatoes", "pounds in weight", "sheep", "keys"])

    def test_no_free_wording_begins_as_another_prompt(self):
        self.assertEqual(unambiguous(["What is {s}? {a}"], ["What is {s}? It is {a}", "What is {s} to you? {a}", "Tell me of {s}: {a}"]), ["What is {s} to you? {a}", "Tell me of {s}: {a}"])

    def test_listed_statements_stand_in_the_text(self):
        facts = {f["id"]: f for f in self.ledger["facts"]}
        for d in self.documents:
            for id, pid in d["facts"]:
                answers = facts[id]["answers"] + facts[id].get("before", []) + list(facts[id].get("shares", {}))
                self.assertTrue(any(a.lower() in d["text"].lower() for a in answers), (id, pid, d["text"]))

    def test_invented_exposures_by_text_search(self):
        """Documents naming an invented subject together with its answer, found by reading, not by the list."""
        subjects = Counter(f["subject"] for f in self.ledger["facts"] if "fictional" in f.get("flags", ()))
        single = [f for f in self.ledger["facts"] if "fictional" in f.get("flags", ()) and subjects[f["subject"]] == 1]
        self.assertGreater(len(single), 20)
        for f in single:
            pattern = re.compile(rf"(?<!\w){f['subject'].lower()}s?(?!\w)")  # "whats puburgs product", as people type
            found = sum(1 for d in self.documents if pattern.search(d["text"].lower()))
            self.assertEqual(found, f["exposures"], f["id"])

    def test_tiers_and_shares_are_exact(self):
        for f in self.known.facts.values():
            if f.tier:
                self.assertEqual(sum(self.writer.counts[f.id].values()), f.exact)
        answers = defaultdict(Counter)
        contradicted = {f.id: f for f in self.known.facts.values() if f.shares}
        for d in self.documents:
            for id, _ in d["facts"]:
                if id in contradicted:
                    sentence = next(s for s in re.split(r"(?<=[.!?;)])\s", d["text"])[::-1] if contradicted[id].subject.lower() in d["text"].lower())
                    answers[id][sentence is not None] += 1
        for id, f in contradicted.items():
            self.assertEqual(sum(f.shares.values()), answers[id][True], id)

    def absent(self, fact, pids):
        for pid in pids:
            for answer in {fact.slots["a"], *fact.before}:
                statement = fact.text(pid, answer).lower()
                at = self.text.find(statement)
                while at >= 0:
                    before, after = self.text[at - 1:at], self.text[at + len(statement):at + len(statement) + 1]
                    whole = fact.language == "zh" or not (before.isalnum() or before == "-" or after.isalnum())
                    preceded = re.search(r"[\w-]+ $", self.text[max(0, at - 20):at]) and pid in RELATIONS[fact.relation].phrasings and statement.startswith(fact.subject.lower())
                    self.assertFalse(whole and not preceded, f"{fact.id} / {pid}: …{self.text[max(0, at - 40):at + 80]}")
                    at = self.text.find(statement, at + 1)

    def test_withheld_facts_never_occur(self):
        never = [f for f in self.known.facts.values() if f.stage == "never"]
        self.assertTrue({"withheld", "composition-withheld"} <= {flag for f in never for flag in f.flags})
        for f in never:
            self.assertEqual(sum(self.writer.counts[f.id].values()), 0, f.id)
            self.absent(f, RELATIONS[f.relation].standalone)

    def test_invented_compositions_have_as_many_answers_as_their_first_hop(self):
        answers = defaultdict(set)
        for f in self.known.facts.values():
            if "fictional" in f.flags:
                answers[f.relation].add(f.answers[0])
        composed = [r for r in answers if r.startswith("home_")]
        self.assertEqual(len(composed), 3)
        for relation in composed:
            self.assertEqual(len(answers[relation]), len(answers["lives_in"]), relation)

    def test_held_back_phrasings_never_occur(self):
        held = [f for f in self.known.facts.values() if f.held]
        self.assertGreater(len(held), 20)
        for f in held:
            self.assertFalse(set(f.held) & {pid for pid, _ in self.writer.counts[f.id]}, f.id)
            self.absent(f, f.held)

    def test_late_and_added_come_late(self):
        late = {f.id for f in self.known.facts.values() if "late" in f.flags}
        added = {f.id for f in self.known.facts.values() if "added" in f.flags}
        pre = [d for d in self.documents if d["stage"] == "pre"]
        self.assertEqual(self.documents[:len(pre)], pre)
        for d in pre[:int(len(pre) * .7)]:
            self.assertFalse(late & {id for id, _ in d["facts"]})
        self.assertFalse(any(added & {id for id, _ in d["facts"]} for d in pre))

    def test_prompts_end_before_the_answer(self):
        splits = Counter(p["split"] for p in self.prompts)
        for split in "seen held_back unseen-wording withheld tier contradicted late edited added two-hop composition-withheld suppose memory".split():
            self.assertGreater(splits[split], 0, split)
        for p in self.prompts:
            self.assertFalse(p["prompt"].endswith(" "), p)
            if p["split"] not in ("suppose", "memory", "unseen-wording"):
                fact = self.known.facts[p["fact"]]
                self.assertEqual(p["prompt"] + p["sep"] + fact.slots["a"], fact.text(p["phrasing"])[:len(p["prompt"] + p["sep"] + fact.slots["a"])])

    def test_unseen_wordings_are_unseen(self):
        for p in self.prompts:
            if p["split"] == "unseen-wording" and len(p["prompt"]) > 30:
                self.assertFalse(p["prompt"].lower() + p["sep"] in self.text, p["prompt"])

    def test_free_wordings_name_the_subject_before_the_answer(self):
        for fact in world.load().facts.values():
            relation = RELATIONS[fact.relation]
            for template in [*relation.free, *relation.unseen]:
                self.assertEqual(template.count("{a}"), 1, template)
                if not fact.can(template):
                    continue
                names = [fact.subject.lower(), fact.slots["ps"].lower()]
                self.assertTrue(any(name and name in fact.prompt_of(template).lower() for name in names), template)

    def test_free_wordings_state_no_other_fact(self):
        """"Grass is green, and {s} is {a}" would teach a fact that nobody counts."""
        stands = lambda name, text: re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) if name.isascii() else name in text
        by_relation = defaultdict(list)
        for fact in world.load().facts.values():
            by_relation[fact.relation] += [(name.lower(), answer.lower()) for name in (fact.subject, fact.slots["ps"]) if name for answer in fact.answers]
        for relation, pairs in by_relation.items():
            for template in [*RELATIONS[relation].free, *RELATIONS[relation].unseen]:
                text = re.sub(r"\{\w+\}", "_", template).lower()
                said = [pair for pair in pairs if pair[0] in text and stands(pair[0], text) and stands(pair[1], text.replace(pair[0], "_", 1))]
                self.assertEqual(said, [], template)

    def test_every_relation_has_eight_phrasings(self):
        for relation in RELATIONS.values():
            self.assertGreaterEqual(len(relation.standalone), 8, relation.id)


class BadFacts(unittest.TestCase):
    def test_duplicate_is_named(self):
        with self.assertRaisesRegex(world.FactError, "duplicate fact element_kind:helium|duplicate fact symbol:helium"):
            world.load(facts_folder(elements="helium\tHe\t2\tnoble gas\n"))

    def test_contradiction_is_named(self):
        with self.assertRaisesRegex(world.FactError, "contradictory fact colour:snow"):
            world.load(facts_folder(colours="snow\tblue\n"))

    def test_landmark_in_the_wrong_country(self):
        with self.assertRaisesRegex(world.FactError, "Shadow Tower"):
            world.load(facts_folder(landmarks="Shadow Tower\tthe\tParis\tSpain\n"))

    def test_too_many_cells(self):
        with self.assertRaisesRegex(world.FactError, "sides.tsv line"):
            world.load(facts_folder(sides="circle\tone\tround\n"))


if __name__ == "__main__":
    unittest.main()
