"""Documents about facts: single statements in frames, mixed texts, passages, lists, dialogue, two hops.

Every function returns (text, stated), where `stated` lists (fact, phrasing id) for each statement in the text.
"""
import skills
from templates import JOINS, LED_ANSWER, OPENERS, PLAIN_TAILS, QUESTION_LEADS, RELATIONS, TAILS, choose, lower_first, lower_first_fr, upper_first

OPENERS_ZH = ["大家都知道，", "我知道", "老师说，", "书上说，", "你知道吗，", "其实，", "据说", "我在书上看到，", "我们学过，", "当然，"]
OPENERS_FR = ["Tout le monde sait que ", "Je sais que ", "On dit que ", "J'ai lu que ", "Le professeur dit que ", "En fait, ", "Bien sûr, ", "N'oublie pas que ", "À l'école, on apprend que "]
NAMED = {"capital", "continent", "currency", "symbol", "atomic_number", "opposite", "plural", "past", "comparative", "superlative", "state_capital", "language", "colour"}
INTROS = ["Let us talk about {0}.", "Today's topic is {0}.", "Here are some facts about {0}.", "I know a few things about {0}.", "What do I know about {0}?", "Let me tell you about {0}.", "She wrote a report about {0}.", "{0}.", "Notes on {0}.", "I have read a book about {0}.",
          "Do you know {0}?", "Now about {0}.", "Have you heard of {0}?", "My friend asked me about {0}."]

ANSWER_LEADS = [" "] * 40 + ["\n", "\n", " It's ", " It is ", " That is ", " That's ", " The answer is ", " The answer is: ", " Answer: ", " I think it is ", " I believe it's ", " Easy: ", " Of course it is ", " Yes, it is ", " A: ", " answer: ",
                "\nA: ", "\nAnswer: ", " - ", " The correct answer is ", " I would say ", " As everyone knows, it is ", " Well, that is ", " One word: ", " Sure: ", " My answer: ", " That must be "]


def end(fact):
    return "。" if fact.language == "zh" else "."


def core(rng, fact, pid):
    """The statement itself, sometimes in small letters or without its first article, as people type."""
    text = fact.text(pid)
    if fact.language != "en":
        return text
    roll = rng.random()
    if roll < .18:
        return typed(rng, fact, pid)
    if roll < .22 and text.startswith("The "):
        return text[4:]
    return text if roll < .34 else upper_first(text)


def typed(rng, fact, pid):
    """The prompt in small letters, sometimes without its marks; the answer as it is written."""
    prompt = fact.prompt(pid)
    small = prompt.lower()
    if rng.random() < .3:
        small = small.replace("'s", "s").removesuffix("?")
    return small + fact.text(pid)[len(prompt):]


def story(rng, fact):
    """The fact in one of its relation's free wordings, as people tell and ask."""
    pid = choose(rng, fact, fact.stories)
    if rng.random() < .6 and (asked := answered_at_once(rng, fact, pid)):
        return upper_first(asked) + rng.choice(PLAIN_TAILS), [(fact, "~asked")]
    text = fact.text(pid)
    if fact.language == "zh":
        return text + "。", [(fact, pid)]
    roll = rng.random()
    text = typed(rng, fact, pid) if roll < .2 and fact.language == "en" else upper_first(text)
    if fact.language == "en" and roll > .88:
        text = (rng.choice(QUESTION_LEADS) if "?" in text else skills.sentence(rng)) + " " + text
    return text + (rng.choice(PLAIN_TAILS) if text.endswith(fact.slots["a"]) else "."), [(fact, pid)]


def negated(rng, fact, pid, foils):
    """'… is not X but Y' for phrasings that end in 'is'; None where that does not fit."""
    template = RELATIONS[fact.relation].phrasings[pid]
    if fact.language != "en" or not template.endswith((" is {x}{a}", " is {a}")) or "?" in template:
        return None
    foil, article = rng.choice(foils)
    if foil in fact.answers:
        return None
    return f"{fact.prompt(pid).removesuffix(' the')} not {article}{foil} but {fact.slots['x']}{fact.slots['a']}"


def single(rng, fact, foils=None, plain=False):
    pid = choose(rng, fact, fact.allowed)
    if fact.language == "zh":
        lead = rng.choice(OPENERS_ZH) if pid in fact.embeddable and rng.random() < .35 else ""
        return lead + fact.text(pid) + "。", [(fact, pid)]
    if fact.language == "fr":
        text = fact.text(pid)
        lead = rng.choice(OPENERS_FR) if pid in fact.embeddable and rng.random() < .35 else ""
        if lead.endswith("que ") and text[0] in "AEIOUÀÉ":
            lead = lead[:-2] + "'"
        return (lead + lower_first_fr(text) if lead else upper_first(text)) + ".", [(fact, pid)]
    tail = rng.choice(TAILS) if rng.random() < .22 and not plain else rng.choice(PLAIN_TAILS)
    if pid in fact.embeddable:
        if foils and rng.random() < .03:
            text = negated(rng, fact, pid, foils)
            if text:
                return upper_first(text) + tail, [(fact, "~not")]
        if rng.random() < .5:
            return f"{rng.choice(OPENERS)} {lower_first(fact.text(pid))}{tail}", [(fact, pid)]
    elif rng.random() < .2 and not plain:
        return f"{rng.choice(QUESTION_LEADS)} {fact.text(pid)}{tail}", [(fact, pid)]
    text = core(rng, fact, pid)
    if "(" in text and ")" not in text:
        tail = ")" + tail
    if not plain and RELATIONS[fact.relation].kinds[pid] == "question" and rng.random() < .35:
        asked = answered_freely(rng, fact, text)
        if asked:
            return asked + tail, [(fact, "~asked")]
    return text + tail, [(fact, pid)]


def answered_at_once(rng, fact, pid):
    """"…? It is Paris" as "…? Paris"; None for other wordings, and where that would spell out a phrasing held back."""
    template = RELATIONS[fact.relation].phrasings[pid]
    led = LED_ANSWER.search(template)
    if not led:
        return None
    prompt = template[:led.end(1)].format_map(fact.slots)
    named = any(name and name.lower() in prompt.lower() for name in (fact.slots["n"], fact.slots["ps"]))
    if not named or fact.holds_back(prompt):
        return None
    return f"{prompt} {rng.choice([fact.slots['x'], ''])}{fact.slots['a']}"


def answered_freely(rng, fact, text):
    """The question with another lead before its answer, mostly none; None where that would spell out a phrasing held back."""
    question, mark, _ = text.partition("? ")
    if not mark or question.startswith(("A: ", "Question")):
        return None
    lead = rng.choice(ANSWER_LEADS)
    if question.startswith("Q: "):
        question, lead = (question[3:], lead) if rng.random() < .5 else (question, rng.choice(["\nA: ", " Answer: ", "\nAnswer: "]))
    prompt = f"{question}?{lead}"
    if fact.holds_back(prompt):
        return None
    return prompt + (fact.slots["x"] if lead.endswith(("is ", "'s ")) else "") + fact.slots["a"]


def mixed(rng, facts, foils):
    """Statements about different things in one text, so that each answer must be bound to its own subject."""
    text, stated = (skills.sentence(rng) + " " if rng.random() < .25 else ""), []
    for i, fact in enumerate(facts):
        if i and fact.embeddable and not text.endswith(("? ", "\n")) and rng.random() < .75:
            pid = choose(rng, fact, fact.embeddable)
            join = rng.choice(JOINS)
            piece = fact.text(pid)
            text = text.rstrip(".!; ") + join + (upper_first(piece) if join in (". ", "\n") else lower_first(piece))
            stated.append((fact, pid))
        else:
            piece, said = single(rng, fact, foils.get(fact.relation), plain=True)
            text = text.rstrip(" ")
            text = (text + (" " if text[-1] in ".!?;" else ". ") if text else "") + piece
            stated += said
    return text if text[-1] in ".!;?" else text + ".", stated


def passage(rng, facts):
    """Several relations of one thing, the thing often named only once, far from the answer."""
    language = facts[0].language
    stated, parts, named = [], [], False
    if language == "en" and rng.random() < .4:
        parts.append(upper_first(rng.choice(INTROS).format(facts[0].slots["s"])))
        named = True
    for fact in facts:
        if named and fact.passage and rng.random() < .6:
            pid = choose(rng, fact, fact.passage)
        else:
            pid = choose(rng, fact, fact.embeddable or fact.allowed)
            named = True
        stated.append((fact, pid))
        piece = fact.text(pid)
        glue = parts and parts[-1][-1] not in ":?" and pid in fact.passage + fact.embeddable and rng.random() < .35
        if glue and language == "zh":
            parts[-1] = parts[-1].rstrip("。") + "，" + piece + "。"
        elif glue:
            parts[-1] = parts[-1].rstrip(".") + (" et " if language == "fr" else rng.choice([", and ", ", and ", "; ", ", while ", ", where "])) + (lower_first(piece) if language == "en" else lower_first_fr(piece)) + "."
        else:
            parts.append((upper_first(piece) if language != "zh" else piece) + end(fact))
        if language == "en" and rng.random() < .08:
            parts.append(skills.sentence(rng))
    return ("" if language == "zh" else " ").join(parts), stated


def listing(rng, facts):
    """One relation over several subjects, as sentences, pairs, or two parallel lists."""
    relation, language = RELATIONS[facts[0].relation], facts[0].language
    style = rng.random()
    if style < .4:
        shared = [p for p in facts[0].allowed if all(p in f.allowed for f in facts)]
        if shared:
            pid = choose(rng, facts[0], shared)
            if pid in relation.embeddable and language == "en":
                join = rng.choice([", and ", "; ", ". ", ", ", "\n"])
                pieces = [f.text(pid) for f in facts]
                text = upper_first(pieces[0]) + "".join(join + (upper_first(p) if join in (". ", "\n") else lower_first(p)) for p in pieces[1:])
            else:
                join = rng.choice(["\n", end(facts[0]) + ("" if language == "zh" else " ")])
                text = join.join(f.text(pid) for f in facts)
            return text + end(facts[0]), [(f, pid) for f in facts]
    if style < .8 or language != "en" or relation.id not in NAMED:
        arrow, sep = rng.choice([" → ", " → ", ": ", ": ", " - ", " -> ", " = ", " / ", " is ", ", ", " and "]), rng.choice([", ", "; ", "\n", ". "])
        if arrow == ", ":
            sep = rng.choice(["; ", ". ", "\n"])
        if language == "en" and rng.random() < .15:
            facts, arrow, sep = facts[:2], " is to ", rng.choice([" as ", ", as "])
        head = rng.choice(["", "", f"{upper_first(relation.name)}: ", f"{relation.name}\n"]) if language == "en" else ""
        return head + sep.join(f"{f.slots['n']}{arrow}{f.slots['a']}" for f in facts) + rng.choice(["", "."]), [(f, "~pair") for f in facts]
    if style < .9:
        names, answers = [f.slots["s"] for f in facts], [f.slots["a"] for f in facts]
        return f"The {relation.name} forms of {', '.join(names[:-1])} and {names[-1]} are {', '.join(answers[:-1])} and {answers[-1]}." if relation.id in ("opposite", "plural", "past", "comparative", "superlative") else (
            f"In this order, the {relation.name} of each of {', '.join(names[:-1])} and {names[-1]}: {', '.join(answers[:-1])} and {answers[-1]}."), [(f, "~row") for f in facts]
    f, g = facts[:2]
    the = lambda h: f"{h.slots['x']}{h.slots['a']}"
    order = [("former", f), ("latter", g)] if rng.random() < .5 else [("latter", g), ("former", f)]
    if rng.random() < .5:
        order = [("first" if w == "former" else "second", h) for w, h in order]
    (w1, h1), (w2, h2) = order
    text = rng.choice(["{0} and {1}: the {n} of the {2} is {3}, and the {n} of the {4} is {5}.", "Compare {0} and {1}. The {n} of the {2} is {3}, that of the {4} is {5}.", "I was asked about {0} and {1}. The {n} of the {2} is {3}; the {n} of the {4} is {5}."]).format(f.slots["s"], g.slots["s"], w1, the(h1), w2, the(h2), n=relation.name)
    return upper_first(text), [(f, "~former"), (g, "~former")]


def sequence(rng, facts):
    """Items in their order, as one counts: each but the first is the answer to 'what comes next'."""
    items = [facts[0].slots["n"]] + [f.slots["a"] for f in facts]
    lead = rng.choice(["", "", "", "In order: ", "Count with me: ", "They come in this order: ", "One after the other: "])
    return lead + rng.choice([", ", ", ", ", ", " ", " → "]).join(items) + rng.choice([".", "", "..."]), [(f, "~chain") for f in facts]


def grades(rng, pairs):
    """tall, taller, tallest: the forms of an adjective in their order."""
    text = rng.choice(["; ", ". ", "\n"]).join(f"{f.slots['n']}, {f.slots['a']}, {g.slots['a']}" for f, g in pairs)
    return text + ".", [(f, "~chain") for pair in pairs for f in pair]


def dialogue(rng, facts):
    """Questions and answers one after another; later ones may only say 'And …?'."""
    speakers = rng.choice([("Q: ", "A: "), ("A: ", "B: "), ("", ""), ("Anna: ", "Ben: "), ("Teacher: ", "Pupil: ")])
    if any(f.held for f in facts) and speakers[0] == "Q: ":  # would spell out a held-back "Q: … A: …"
        speakers = ("Anna: ", "Ben: ")
    lines, stated = [], []
    for i, fact in enumerate(facts):
        relation = RELATIONS[fact.relation]
        asks = [p for p in fact.allowed if relation.kinds[p] == "question" and not relation.phrasings[p].startswith(("Q", "A:", "问"))]
        if i and facts[i - 1].relation == fact.relation and rng.random() < .4:
            question, answer, pid = f"And {fact.slots['s']}?", f"{upper_first(fact.slots['x'])}{fact.slots['a']}", "~and"
        elif asks:
            pid = choose(rng, fact, asks)
            question, _, answer = fact.text(pid).partition("? ")
            question += "?"
        else:
            return passage(rng, facts) if len({f.entity for f in facts}) == 1 else listing(rng, facts)
        lines += [speakers[0] + question, speakers[1] + answer + "."]
        stated.append((fact, pid))
    return (rng.choice(["\n", " "]) if speakers[0] else " ").join(lines), stated


def reversed_pair(rng, fact, other):
    """A statement in one direction followed by one in the other: only the words, not the place, tell what is asked."""
    first, second = (fact.twin, other) if rng.random() < .5 else (fact, other.twin)
    facts = [f for f in (first, second) if f and f.embeddable]
    if rng.random() < .3 and len(facts) == 2:
        facts = facts[::-1]
    pieces = [(f, choose(rng, f, f.embeddable)) for f in facts]
    text = rng.choice([", and ", ", while ", ". ", "; ", ", but "]).join(lower_first(f.text(p)) for f, p in pieces)
    return upper_first(text) + ".", pieces


def chain(rng, fact, hops):
    """Both hops and, after them, the composition they lead to."""
    pieces = [(h, choose(rng, h, h.embeddable)) for h in hops]
    if rng.random() < .3:
        pieces.reverse()
    pid = choose(rng, fact, fact.embeddable)
    a, b = (f.text(p) for f, p in pieces)
    text = rng.choice(["{0}, and {1}, so {2}.", "{0}. {3}. Therefore {2}.", "Since {0} and {1}, {2}.", "{0}; {1}. That is why {2}.", "{0}, and {1}. It follows that {2}."])
    return upper_first(text.format(lower_first(a), lower_first(b), lower_first(fact.text(pid)), upper_first(b))), pieces + [(fact, pid)]
