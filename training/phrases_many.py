"""Phrasings of several at once, as people mostly speak of animals and things ("a group of wolves", "windows are made of")."""

MANY = {
    "animal_class": [
        "The class of animals that {ps} belong to: {a}", "The word for the class that {ps} belong to is {a}"],
    "young": [
        "The young of {ps} is called {x}{a}", "What is the young of {ps} called? {x}{a}", "One mother among the {ps} looked after her {a}"],
    "sound": [
        "What sound do {ps} make? {a}", "What noise do {ps} make? They {a}", "How do {ps} sound? They {a}", "We could hear the {ps} {a}",
        "What do {ps} say? They {a}", "Listen to those {ps} {a}", "Q: What sound do {ps} make? A: {a}"],
    "group": [
        "A group of {ps} is called {x}{a}", "A group of {ps} is {x}{a}", "What do you call a group of {ps}? {x}{a}",
        "What is a group of {ps} called? {x}{a}", "Q: What is the name for a group of {ps}? A: {x}{a}", "group of {ps}: {a}",
        "Many {ps} together are called {x}{a}", "{ps} live together in {x}{a}", "When {ps} come together, they form {x}{a}",
        "A large number of {ps} is known as {x}{a}"],
    "home": [
        "{ps} live in {x}{a}", "Where do {ps} live? In {x}{a}", "Where do {ps} sleep? In {x}{a}", "The home of {ps} is {x}{a}",
        "At night {ps} go back to their {a}", "{ps} make their home in {x}{a}", "What is the home of {ps} called? {x}{a}",
        "Q: Where do {ps} live? A: {x}{a}"],
    "colour": [
        "What colour are {ps}? {a}", "What color are {ps}? {a}", "{ps} are {a}", "{ps} are usually {a}", "Most {ps} are {a}",
        "The colour of {ps} is {a}", "Q: What colour are {ps}? A: {a}"],
    "kind_of": [
        "{ps} are a kind of {a}", "{ps} are a type of {a}", "What are {ps}? A kind of {a}", "Like all {ps}, this one is {x}{a}"],
    "found_in": [
        "{ps} are found in the {a}", "You find {ps} in the {a}", "Where do you find {ps}? In the {a}", "Q: Where are {ps} found? A: In the {a}"],
    "made_of": [
        "{ps} are made of {a}", "What are {ps} made of? {a}", "What are {ps} made from? {a}", "{ps} are usually made of {a}",
        "Most {ps} are made of {a}", "Q: What are {ps} made of? A: {a}", "The material of {ps} is {a}"],
    "part_of": [
        "{ps} are part of {x}{a}", "What are {ps} part of? {x}{a}", "You see {ps} on {x}{a}"],
    "used_to": [
        "{ps} are used to {a}", "What are {ps} used for? To {a}", "We use {ps} to {a}", "People use {ps} to {a}",
        "What do you do with {ps}? You {a}", "{ps} help us to {a}"],
    "worker_place": [
        "{ps} work in {x}{a}", "Where do {ps} work? In {x}{a}", "{ps} work at the {a}", "You will find {ps} in the {a}",
        "The place where {ps} work is the {a}", "Q: Where do {ps} work? A: In the {a}"],
    "worker_tool": [
        "{ps} work with {x}{a}", "{ps} use {x}{a}", "What do {ps} use? {x}{a}", "The tool of {ps} is {x}{a}", "Q: Which tool do {ps} use? A: {x}{a}"],
    "count": [
        "How many {o} do {ps} have? {a}", "{ps} have {a} {o}"],
}
