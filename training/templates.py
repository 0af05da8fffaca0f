"""How Atlas's facts are worded: relations with their phrasings, and the frames put around them.

A phrasing is one string with slots: {s} the subject as it stands in a sentence ("the Netherlands"),
{n} its bare name, {ps} its plural ("wolves"; only of things that take "a"), {p} the possessive ("France's"), {x} the article before the answer, {a} the answer.
The text before {a} is the prompt. `context` phrasings ("its capital is …") need a subject named before.
"""
import bisect
import pathlib
import random
import re
from dataclasses import dataclass, field

from phrases_many import MANY

STORIES = pathlib.Path(__file__).parent / "stories"
UNSEEN_EVERY = 20  # one free wording in so many is kept from the text, to measure how well others are understood
IDS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass
class Relation:
    id: str
    name: str
    question: str
    templates: list
    context: list = field(default_factory=list)
    language: str = "en"
    weight: float = 1.0
    free: list = field(default_factory=list)       # free wordings (stories/*.tsv), `unseen` those never used
    unseen: list = field(default_factory=list)
    phrasings: dict = field(default_factory=dict)  # id → template
    kinds: dict = field(default_factory=dict)      # id → kind
    blocks: dict = field(default_factory=dict)     # id → ids whose prompt contains this one's
    odds: dict = field(default_factory=dict)       # id → how much oftener than a plain phrasing it is chosen

    def __post_init__(self):
        every = list(dict.fromkeys(self.templates))
        own = len(every)
        every += [t for t in self.context if t not in every]
        if len(every) > len(IDS):
            raise ValueError(f"{self.id}: {len(every)} phrasings, at most {len(IDS)}")
        for i, template in enumerate(every):
            self.phrasings[IDS[i]] = template
            self.kinds[IDS[i]] = "context" if i >= own else kind_of(template)
        for i, template in enumerate(t for t in dict.fromkeys(self.free) if t not in every):
            self.phrasings[f"w{i}"], self.kinds[f"w{i}"] = template, "story"
        self.standalone = [i for i in self.phrasings if self.kinds[i] not in ("context", "story")]
        self.stories = [i for i in self.phrasings if self.kinds[i] == "story"]
        self.passage = [i for i in self.phrasings if self.kinds[i] == "context"]
        flat = {i: t.split("{a}")[0].replace("{n}", "{s}").replace("{x}", "").lower() for i, t in self.phrasings.items()}
        self.blocks = {i: [j for j in flat if flat[j].endswith(flat[i])] for i in self.standalone}
        self.embeddable = [i for i in self.standalone if self.kinds[i] in ("statement", "possessive")]


def kind_of(template):
    if "?" in template or "？" in template or template.startswith(("Q:", "问")):
        return "question"
    if ":" in template or "：" in template or "→" in template:
        return "cloze"
    return "possessive" if "{p}" in template else "statement"


RELATIONS = {}
LEAD = 5.0  # how much oftener the answer follows a prompt than any other one word does

MOST = 10.0  # odds of one phrasing, or a relation would be said in one way only
LED = 0.25  # odds of "… ? It is Paris" and the like: an open question should call for its answer, not for "It"
LED_ANSWER = re.compile(r"(\?|\bA:|\b[Aa]nswer:)\s*(?:It|That|This|The answer|I|Of|Sure|Well|Easy|You|They)\b[^?:]*\{a\}")
ARTICLE = re.compile(r" (?:the|an?)$")


def plain(template):
    """A phrasing up to its answer, slots for the subject made equal: prompts with equal text are the same prompt."""
    return template.split("{a}")[0].replace("{n}", "{s}").replace("{S}", "{s}").replace("{p}", "{s}'s").lower()


def balance(overlapping):
    """Sets the odds of all phrasings: many a prompt ("The capital of France is") also begins a longer one ("… is called"),
    and the answer must be its likeliest next word. `overlapping`: relation id → ids of relations with common subjects.
    → pairs (relation, phrasing, relation, phrasing) that have the same prompt, so that none can be answered surely."""
    every = [(plain(t).replace("{x}", " {x}").rstrip(" "), r, i) for r, rel in RELATIONS.items() for i, t in rel.phrasings.items()]
    every.sort()
    prompts = [prompt for prompt, *_ in every]
    odds, same = {}, []
    for prompt, r, i in sorted(every, key=lambda entry: -len(entry[0].removesuffix("{x}").rstrip(" "))):
        base = prompt.removesuffix("{x}").rstrip(" ")
        after = {}
        for longer, r2, j in every[bisect.bisect_left(prompts, base):bisect.bisect_right(prompts, base + "\U0010ffff")]:
            rest = longer[len(base):]
            if (r2, j) == (r, i) or r2 not in overlapping[r] or (rest and rest[0].isalpha() and rest[0].isascii()):
                continue
            rest = rest.strip(" ")
            if rest in ("", "{x}"):
                if r2 != r:
                    same.append((r, i, r2, j))
                continue
            word = rest[0] if RELATIONS[r].language == "zh" else rest.split(" ")[0]
            after[word] = after.get(word, 0) + odds[r2, j]
        least = LED if LED_ANSWER.search(RELATIONS[r].phrasings[i]) else 1.0
        odds[r, i] = min(MOST, max(least, LEAD * max(after.values(), default=0)))
        RELATIONS[r].odds[i] = odds[r, i]
    return same


def choose(rng, fact, pids):
    """One of the phrasings, by their odds."""
    odds = RELATIONS[fact.relation].odds
    return rng.choices(pids, [odds[p] for p in pids])[0]


def relation(id, name, question, templates, context=(), language="en", weight=1.0):
    if id in RELATIONS:
        raise ValueError(f"relation {id} is defined twice")
    templates = [*templates, *MANY.get(id, [])]
    RELATIONS[id] = Relation(id, name, question, templates, list(context), language, weight, *free_wordings(id, templates))


def bare(template):
    """A phrasing up to its answer and before the answer's article."""
    return plain(template).replace("{x}", "").rstrip(" ")


def asked(template):
    """The prompts a template is said with, without the answer's article: its own and, of "…? It is {a}", the bare question."""
    led = LED_ANSWER.search(template)
    return {ARTICLE.sub("", bare(t)) for t in [template] + ([template[:led.end(1)]] if led else [])}


def unambiguous(templates, wordings):
    """The wordings that differ in more than capitals from the templates and from one another, and do not begin with the
    prompt of another: after such a prompt the answer should follow."""
    known, prompts = set().union(*map(asked, templates)), {bare(t) for t in [*templates, *wordings]}
    starts = lambda p: (p[:i] for i in range(len(p)) if p[i] in " ,?:.;-" )
    kept = []
    for t in wordings:
        own = bare(t)
        if ARTICLE.sub("", own) not in known and not any(start in prompts for start in starts(own) if start != own):
            kept.append(t)
            known |= asked(t)
    return kept


def free_wordings(relation, templates):
    """→ (wordings for the text, wordings kept from it): the lines of stories/*.tsv that begin with the relation's id."""
    lines = [line.split("\t", 1)[1] for path in sorted(STORIES.glob("*.tsv")) for line in path.read_text(encoding="utf-8").splitlines()
             if line.startswith(relation + "\t")]
    lines = unambiguous(templates, dict.fromkeys(lines))
    random.Random(relation).shuffle(lines)
    return [t for i, t in enumerate(lines) if i % UNSEEN_EVERY], lines[::UNSEEN_EVERY]


def attribute(noun, prep="of", extra_nouns=()):
    """Phrasings any 'the <noun> of <subject>' relation has; `extra_nouns` are synonyms worth their own phrasings."""
    N, P = noun, prep
    out = [
        f"The {N} {P} {{s}} is {{x}}{{a}}",
        f"What is the {N} {P} {{s}}? It is {{x}}{{a}}",
        f"Q: What is the {N} {P} {{s}}? A: {{a}}",
        f"Q: {N} {P} {{s}}? A: {{a}}",
        f"{N} {P} {{s}}: {{a}}",
        f"{{p}} {N} is {{x}}{{a}}",
        f"What is {{p}} {N}? It is {{x}}{{a}}",
        f"Question: What is the {N} {P} {{s}}?\nAnswer: {{a}}",
        f"{{n}}: the {N} is {{x}}{{a}}",
        f"The {N} {P} {{s}}? That would be {{x}}{{a}}",
        f"What is the {N} {P} {{s}}? The answer is {{x}}{{a}}",
        f"A: Do you know the {N} {P} {{s}}? B: Yes, it is {{x}}{{a}}",
        f"What's the {N} {P} {{s}}? It's {{x}}{{a}}",
        f"If somebody asks for the {N} {P} {{s}}, say {{a}}",
        f"What is the {N} {P} {{s}}? {{a}}",
        f"Can you tell me what the {N} {P} {{s}} is? It is {{x}}{{a}}",
        f"Please tell me the {N} {P} {{s}}. It is {{x}}{{a}}",
        f"Name the {N} {P} {{s}}: {{a}}",
        f"{{n}} {N}: {{a}}",
        f"{N} {P} {{s}} = {{a}}",
        f"{{p}} {N}? {{a}}",
        f"What {N} does {{s}} have? {{x}}{{a}}",
        f"I want to know the {N} {P} {{s}}. The answer is {{a}}",
        f"I forgot the {N} {P} {{s}}. I think it is {{x}}{{a}}",
        f"If you ask me what the {N} {P} {{s}} is, my answer is {{a}}",
        f"Name the {N} {P} {{s}}. Answer: {{a}}",
        f"Somebody asked about the {N} {P} {{s}}, and I said {{a}}",
    ]
    for M in extra_nouns:
        out += [f"The {M} {P} {{s}} is {{x}}{{a}}", f"What is the {M} {P} {{s}}? It is {{x}}{{a}}", f"{M} {P} {{s}}: {{a}}",
                f"{{p}} {M} is {{x}}{{a}}", f"Q: What is {{p}} {M}? A: {{a}}"]
    return out


OPENERS = """Everyone knows that|I read that|In geography class we learned that|Did you know that|My teacher says that|As far as I know,
According to the book,|It is well known that|I am sure that|She told me that|He wrote down that|We learned today that|Remember that|Of course,
As you may know,|People say that|The article says that|I just found out that|It is a fact that|In fact,|Actually,|I believe that|The guide explained that
My friend told me that|You should know that|Every child learns that|The encyclopedia states that|It turns out that|I remember that|Grandmother always said that
There is no doubt that|The quiz master said that|On the radio they said that|The answer key says that|Once again,|Today I learned that|Note that|Naturally,
For the exam, remember that|At school we were told that|I can tell you that|The map shows that|He answered that|She explained that|We all agree that
Let me tell you something:|Here is a fact:|Fun fact:|Hint:|To repeat:|By the way,|For example,|You may have heard that|I was told that|Nobody doubts that
As a matter of fact,|In the lesson, they learned that|It is true that|The truth is that|If I am not mistaken,|As everybody knows,|Yes,|No,|Well,|So|And|But|Also,
In my notebook it says that|Our textbook says that|A traveller told us that|The newspaper reported that|The professor pointed out that|Scientists know that""".replace("\n", "|").split("|")

PLAIN_TAILS = [".", ".", ".", ".", ".", ".", ".", ".", "", "!", ";"]
TAILS = """, as everyone knows.|, I think.|, and that is all.|, of course.|, she said.|, he answered.|, and not anything else.|, if I remember well.|, you know.|, and nobody doubts it.
, as the book says.|, which I learned at school.|, isn't it?|, right?|, my teacher said.|, and this is easy to remember.|, at least that is what I read.|, so now you know.|, said the old man.
, and I will not forget it.|, and that has been so for a long time.|. That is right.|. That is correct.|. Correct!|. I knew it.|. Thank you.|. It is easy to remember.|. We learned this at school.
. Did you know?|. Yes, exactly.|. Good.|. Now the next question.|. Write it down.|. Everybody knows that.""".replace("\n", "|").split("|")

QUESTION_LEADS = """Excuse me,|Hello!|Please answer.|Here is a question.|Quiz time!|Quick question:|Tell me,|One more question.|I have a question.|Let us begin.
The next question is this.|Question time.|Please help me.|A pupil asked:|The teacher asked:|Now a harder one.|Hi there,|Answer in one word.|He asked,|She wanted to know:""".replace("\n", "|").split("|")

JOINS = [". ", ". ", ". ", ", and ", ", and ", "; ", ", while ", ", but ", ". Also, ", ". And ", ", whereas ", "\n", ". Then again, ", ". Besides, "]


def lower_first(text):
    """The text as it continues a sentence: articles and common first words lose their capital, names keep it."""
    head = text.split(" ", 1)[0]
    return text[0].lower() + text[1:] if head in LOWERABLE else text


LOWERABLE = {"The", "A", "An", "In", "What", "What's", "Which", "Who", "Where", "If", "People", "When", "For", "How", "Somebody", "You", "To", "Someone",
             "It", "One", "At", "With", "There", "Its", "On", "Our", "This", "Many", "Every", "Each", "From", "After", "Before", "Take", "Most", "As", "They", "Travellers", "Both", "We", "My", "Money", "Tourists", "Prices", "Anything", "Is", "Something", "Another", "Opposites", "Newspapers", "Students", "Zoologists", "Chemists", "Traders",
             "Over", "By", "Not", "More", "Instead", "All", "Of", "Right", "Following", "Next", "Just", "Listen", "Write", "Young", "Nothing", "Hello", "First", "Today", "Yesterday", "Last", "Singular", "Hungry", "Like", "Where", "That", "Without", "Together", "Is"}


def lower_first_fr(text):
    return text[0].lower() + text[1:] if text.startswith(("La ", "Le ", "Les ", "L'", "Au ", "Sur ", "Où ", "Quelle ")) else text


def upper_first(text):
    return text[0].upper() + text[1:] if text else text


def possessive(name):
    return name + ("'" if name.endswith("s") else "'s")


SAME = {"sheep", "deer", "bison", "moose", "salmon", "shrimp", "goldfish", "reindeer", "aircraft", "scissors", "trousers", "jeans", "herring"}
IRREGULAR = {"mouse": "mice", "goose": "geese", "ox": "oxen", "tooth": "teeth", "foot": "feet", "wolf": "wolves", "knife": "knives", "leaf": "leaves", "loaf": "loaves", "shelf": "shelves",
             "thief": "thieves", "buffalo": "buffaloes", "tomato": "tomatoes", "potato": "potatoes", "octopus": "octopuses", "die": "dice"}


def plural_of(name):
    """The plural of a thing's bare name ("wedding dress" → "wedding dresses")."""
    if " in " in name:
        head, _, rest = name.partition(" in ")
        return f"{plural_of(head)} in {rest}"
    lead, _, word = name.rpartition(" ")
    if word in SAME:
        many = word
    elif word in IRREGULAR:
        many = IRREGULAR[word]
    elif word.endswith("man") and word not in ("human", "German"):
        many = word[:-3] + "men"
    elif word.endswith("y") and word[-2] not in "aeiou":
        many = word[:-1] + "ies"
    else:
        many = word + ("es" if word.endswith(("s", "x", "z", "ch", "sh")) else "s")
    return f"{lead} {many}" if lead else many


def indefinite(word):
    return "an " if word[0].lower() in "aeiou" and not word.startswith(("uni", "eu", "one")) else "a "
