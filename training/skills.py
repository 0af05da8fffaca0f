"""Text that teaches skills rather than facts: supposing, copying, small talk."""
from templates import RELATIONS, choose, lower_first, lower_first_fr, upper_first

NOUNS = "man|woman|child|teacher|farmer|dog|cat|bird|neighbour|student|doctor|driver|girl|boy|king|queen|cook|sailor|friend|brother|sister|uncle".split("|")
ADJECTIVES = "old|young|happy|tired|quiet|friendly|small|tall|clever|busy|hungry|curious|kind|lazy|brave|polite".split("|")
VERBS = "walked to|looked at|waited near|drove past|talked about|thought of|ran towards|sat behind|came from|returned to|stood beside|dreamed of".split("|")
PLACES = "the market|the station|the river|the garden|the house|the bridge|the school|the park|the kitchen|the library|the old tree|the window|the sea|the mountain|the village|the shop|the museum|the hill".split("|")
TIMES = "in the morning|in the evening|after lunch|before dinner|last week|yesterday|on Sunday|at noon|every day|for an hour|without a word|once again|very slowly|two days ago|in the rain|at night".split("|")
SMALL = """It was raining all day.|The weather was good.|We had a long talk.|Nobody said a word.|The lesson began at nine.|Let us look at the map.|I opened the book.|There was a quiz on television.|She was reading the newspaper.|He closed the door.
They were on a long journey.|The class was quiet.|We played a game of questions.|I like to learn new things.|Geography is fun.|The children were listening.|It is time for a quiz.|I have a few notes here.|Let me think about it.|Here are some facts.|This is what I know.
The teacher wrote on the board.|The train was late again.|Please listen.|I am writing a letter.|The test was easy.|Today we talk about many things.|My sister asked me something.|We were sitting in the kitchen.|He likes to travel.|She collects stamps.|It is good to know.""".replace("\n", "|").split("|")

SUPPOSE = [("Suppose {0}. Then ", ""), ("Suppose that {0}. Then ", ""), ("Imagine that {0}. In that case, ", ""), ("Let us pretend that {0}. So ", ""), ("In a story, {0}. In this story, ", ""), ("If {0}, then ", ""), ("Assume that {0}. Then ", ""),
           ("In the game, {0}. So in the game, ", ""), ("What if {0}? Then ", ""), ("In a dream, {0}. In the dream, ", ""), ("Pretend {0}. Now ", ""), ("Let us say that {0}. It follows that ", ""), ("Once upon a time, {0}. At that time, ", ""),
           ("In another world, {0}. In that world, ", ""), ("The new law says that {0}. Under the new law, ", ""), ("From now on, {0}. So now ", ""), ("They decided that {0}. After that, ", "")]
REALITY = [" In reality, {0}.", " But in truth, {0}.", " In the real world, {0}.", " Of course this is not true: {0}.", " That was only a game; really, {0}.", " The fact is that {0}."]


def sentence(rng):
    return f"The {rng.choice(ADJECTIVES)} {rng.choice(NOUNS)} {rng.choice(VERBS)} {rng.choice(PLACES)} {rng.choice(TIMES)}." if rng.random() < .5 else rng.choice(SMALL)


def filler(rng):
    return " ".join(sentence(rng) for _ in range(rng.randint(1, 4)))


def induction(rng, vocabulary):
    """A list of random words, repeated once or twice; most are space-separated, some are lists."""
    words = rng.sample(vocabulary, rng.randint(4, 22))
    sep = rng.choice([" ", " ", " ", ", ", "\n", " - "])
    times = 3 if len(words) < 9 and rng.random() < .4 else 2
    return sep.join(words * times) + rng.choice(["", "."])


def pairs_in_context(rng, vocabulary):
    """Invented pairs stated once and asked again: only the context can tell the answer."""
    words = rng.sample(vocabulary, 2 * rng.randint(2, 5))
    pairs = list(zip(words[::2], words[1::2]))
    arrow = rng.choice([" → ", ": ", " = ", " - ", " goes with ", " means "])
    again = rng.sample(pairs, rng.randint(1, len(pairs)))
    return rng.choice([", ", "; ", "\n"]).join(a + arrow + b for a, b in pairs + again)


def suppose(rng, fact, other, foils):
    """→ (text, stated): a false premise that is then followed. `stated` says whether the truth follows, and how ([pid] or [])."""
    relation = RELATIONS[fact.relation]
    foil, article = rng.choice(foils)
    if foil in fact.answers:
        return None, []
    first = choose(rng, fact, fact.embeddable)
    then = choose(rng, fact, fact.embeddable)
    premise = lower_first(fact.text(first, foil, article))
    if fact.language != "en":
        return (f"假设{premise}。那么{fact.text(then, foil)}。" if fact.language == "zh" else f"Supposons que {lower_first_fr(premise)}. Alors {lower_first_fr(fact.text(then, foil, article))}."), []
    if other is not None and rng.random() < .35:
        wrong, wrong_article = rng.choice(foils)
        if wrong not in other.answers:
            extra = lower_first(other.text(rng.choice(other.embeddable), wrong, wrong_article))
            premise = f"{premise} and {extra}" if rng.random() < .5 else f"{extra} and {premise}"
    questions = [p for p in fact.allowed if relation.kinds[p] == "question"]
    if questions and rng.random() < .35:
        lead = rng.choice(["Suppose {0}.", "Suppose that {0}.", "Imagine that {0}.", "In a story, {0}.", "Let us pretend that {0}.", "In the game, {0}.", "Forget what you know: {0}.", "A tale says that {0}."]).format(premise)
        text = f"{lead} {upper_first(fact.text(rng.choice(questions), foil, article))}."
    else:
        frame = rng.choice(SUPPOSE)[0]
        conclusion = fact.text(then, foil, article)
        text = frame.format(premise) + lower_first(conclusion) + "."
    if rng.random() < .18:
        pid = rng.choice(fact.embeddable)
        return text + rng.choice(REALITY).format(lower_first(fact.text(pid))), [pid]
    return text, []
