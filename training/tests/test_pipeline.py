"""The pipeline on small inputs: packing, the model against transformers, resuming, export, and the whole
of it end to end. Run with `python -m unittest discover training/tests` (about two minutes)."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from dataclasses import asdict, replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
TRAINING = HERE.parent
sys.path.insert(0, str(TRAINING))

try:
    import numpy as np
    import torch
    from safetensors.torch import load_file, save_file
    from tokenizers import Regex, pre_tokenizers
    from transformers import GPT2LMHeadModel

    import ask
    import export
    import lens
    import tokenizer as packing
    import train
    from atlas import SHAPE
    from model import Atlas
    from onnx_graph import build_onnx
except ImportError as missing:
    raise unittest.SkipTest(f"training requirements are not installed: {missing}")

SMALL = replace(SHAPE, n_layer=2, n_head=2, n_embd=16, n_inner=32, n_positions=32, vocab_size=300)


def random_atlas(shape=SMALL, seed=0) -> Atlas:
    torch.manual_seed(seed)
    model = Atlas(shape)
    for parameter in model.parameters():  # biases and norms away from 0 and 1, or mistakes there would hide
        parameter.data += 0.1 * torch.randn_like(parameter)
    return model.eval()


def weights_of(model: Atlas) -> dict:
    return {name: p.detach().clone() for name, p in model.state_dict().items() if name != "lm_head.weight"}


def run(script: str, *arguments: str, build: Path, ok=True) -> subprocess.CompletedProcess:
    environment = {**os.environ, "ATLAS_BUILD": str(build), "ATLAS_PRODUCT": str(build / "atlas"),
                   "ATLAS_GOLDEN": str(build / "golden.safetensors")}
    done = subprocess.run([sys.executable, str(TRAINING / script), *arguments], env=environment,
                          capture_output=True, text=True)
    if ok and done.returncode != 0:
        raise AssertionError(f"{script} failed:\n{done.stdout}\n{done.stderr}")
    return done


class Packing(unittest.TestCase):
    def test_rows_hold_every_document_once(self):
        rng = np.random.default_rng(0)
        documents = [rng.integers(1, 300, rng.integers(1, 31)).tolist() for _ in range(500)]
        rows = packing.pack(documents, 32)
        self.assertEqual(rows.shape[1], 32)
        self.assertTrue((rows[:, 0] == 0).all())
        packing.check_nothing_lost(documents, rows)
        with self.assertRaises(SystemExit):
            packing.check_nothing_lost(documents[1:], rows)

    def test_order_is_kept_within_the_open_rows(self):
        documents = [[1 + i // 290, 1 + i % 290] for i in range(5000)]
        packed = [290 * (a - 1) + b - 1 for a, b in packing.unpack(packing.pack(documents, 32))]
        reach = packing.OPEN_ROWS * 32
        self.assertLess(max(abs(place - i) for place, i in enumerate(packed)), reach)

    def test_a_document_that_does_not_fit_is_refused(self):
        with self.assertRaisesRegex(SystemExit, "32 tokens; 31 fit"):
            packing.pack([[1] * 32], 32)

    def test_loss_covers_documents_and_one_end_each(self):
        rows = packing.pack([[5, 6], [7]], 8)
        self.assertEqual(rows.tolist(), [[0, 5, 6, 0, 7, 0, 0, 0]])
        self.assertEqual(packing.learned_tokens(rows).tolist(), [[True] * 5 + [False] * 2])

    def test_answers_are_flagged_where_they_follow_their_subject(self):
        facts = [{"id": "c:France", "subject": "France", "answers": ["Paris"]}, {"id": "p:Paris", "subject": "Paris", "answers": ["France"]},
                 {"id": "g:wolf", "subject": "wolf", "answers": ["pack"], "slots": {"ps": "wolves"}}, {"id": "z:法国", "subject": "法国", "answers": ["巴黎"]}]
        answers = packing.Answers({"facts": facts})

        def said(text, *stated):
            return [text[start:end] + str(start) for start, end in answers.spans({"text": text, "facts": stated})]

        self.assertEqual(said("Paris, Parisian; in France it is Paris.", ["c:France", "0"], ["p:Paris", "c.0"]), ["Paris33"])
        self.assertEqual(said("A pack? Wolves form a pack; 法国的首都是巴黎", ["g:wolf", "0"], ["z:法国", "0"]), ["pack22", "巴黎34"])
        self.assertEqual(packing.flagged([5, 6, 7], [(0, 4), (4, 9), (9, 10)], [(5, 9)]), [5, 6 | packing.ANSWER, 7])

    def test_random_ids_are_distinct_and_repeated(self):
        ids = packing.random_ids(50, times=2, seed=3, vocab_size=300)
        self.assertEqual(ids[:50], ids[50:])
        self.assertEqual(len(set(ids)), 50)
        self.assertNotIn(0, ids)
        self.assertEqual(ids, packing.random_ids(50, times=2, seed=3, vocab_size=300))


class Words(unittest.TestCase):
    def pieces(self, text: str) -> list[str]:
        splitter = pre_tokenizers.Split(Regex(packing.WORDS), behavior="isolated")
        return [piece for piece, _ in splitter.pre_tokenize_str(text)]

    def test_a_number_keeps_its_space_and_digits_stand_alone(self):
        self.assertEqual(self.pieces("iron is 26."), ["iron", " is", " 2", "6", "."])

    def test_an_answer_never_joins_the_chinese_word_before_it(self):
        self.assertIn("巴黎", self.pieces("法国的首都是巴黎"))

    def test_tokenizer_puts_end_of_text_first_and_round_trips(self):
        trained = packing.train_tokenizer(["The capital of France is Paris."] * 9, 300)
        text = "Où est Zürich? 法国的首都是巴黎 — 26\n"
        encoded = trained.encode(text)
        self.assertEqual(encoded.ids[0], 0)
        self.assertEqual(trained.decode(encoded.ids), text)


class Joining(unittest.TestCase):
    def test_prompt_and_answer_as_the_app_joins_them(self):
        joined = ["He said \"", "La capitale est l’", "The book (by", "It is well-", "法国的首都是"]
        answers = ["yes", "une", "him", "known", "巴黎"]
        self.assertEqual([ask.separator_of(*pair) for pair in zip(joined, answers)], ["", "", " ", "", ""])
        apart = [("The capital is", "Paris"), ("He said \"yes\"", "again"), ("Oslo - Norway, Rome -", "Italy"), ("首都:", "东京")]
        self.assertEqual({ask.separator_of(*pair) for pair in apart}, {" "})


class Model(unittest.TestCase):
    def test_equals_transformers_gpt2_in_logits_loss_and_gradients(self):
        own = random_atlas()
        reference = export.reference_model(SMALL, weights_of(own))
        ids = torch.randint(0, 300, (3, 32))
        self.assertLess((own(ids) - reference(input_ids=ids).logits).abs().max().item(), 1e-5)
        weighted, plain = own.summed_loss(ids, torch.full((3, 31), 2.0))
        (weighted / 186).backward()
        loss = reference(input_ids=ids, labels=ids).loss
        loss.backward()
        self.assertAlmostEqual(plain.item() / 93, loss.item(), places=4)
        gradients = dict(own.named_parameters())
        for name, parameter in reference.named_parameters():
            self.assertLess((parameter.grad - gradients[name].grad).abs().max().item(), 1e-5, name)

    def test_weights_are_those_of_the_tokens(self):
        own = random_atlas()
        ids, weights = torch.randint(0, 300, (2, 32)), torch.rand(2, 31)
        weights[0, :5] = 0
        losses = torch.nn.functional.cross_entropy(own(ids)[:, :-1].reshape(-1, 300), ids[:, 1:].reshape(-1), reduction="none")
        wanted = torch.autograd.grad((losses * weights.reshape(-1)).sum(), list(own.parameters()))
        weighted, plain = own.summed_loss(ids, weights)
        self.assertAlmostEqual(plain.item(), losses[weights.reshape(-1) > 0].sum().item(), places=3)
        for gradient, own_gradient in zip(wanted, torch.autograd.grad(weighted, list(own.parameters()))):
            self.assertLess((gradient - own_gradient).abs().max().item(), 1e-4)

    def test_lens_ends_in_the_logits_and_patterns_are_transformers(self):
        own = random_atlas()
        ids = torch.randint(0, 300, (2, 17))
        last = own.lm_head(own.transformer.ln_f(lens.residuals(own, ids)[-1]))
        self.assertLess((last - own(ids)).abs().max().item(), 1e-5)
        reference = export.reference_model(SMALL, weights_of(own))
        wanted = reference(input_ids=ids, output_attentions=True).attentions
        found = lens.attention_patterns(own, ids)
        for layer, pattern in enumerate(wanted):
            self.assertLess((found[layer] - pattern).abs().max().item(), 1e-5)

    def test_first_and_stable_layers(self):
        hits = np.array([False, True, False, True, True])
        self.assertEqual((lens.first_layer(hits), lens.stable_layer(hits)), (1.0, 3.0))
        self.assertTrue(np.isnan(lens.first_layer(hits & False)))
        self.assertTrue(np.isnan(lens.stable_layer(hits[::-1])))


class Export(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def snapshot(self, weights: dict, shape=SMALL) -> Path:
        path = self.folder / "step-0000001.safetensors"
        about = {"step": "1", "tokens": "2", "loss": "3.0", "stage": "pre", "config": json.dumps(asdict(shape))}
        save_file(weights, path, about)
        return path

    def test_onnx_equals_transformers_at_every_length_and_under_padding(self):
        snapshot = export.read_snapshot(self.snapshot(weights_of(random_atlas())), SMALL)
        for half in (False, True):
            path = self.folder / "onnx" / f"{half}.onnx"
            self.assertLess(export.write_onnx(path, snapshot, SMALL, half, list(range(1, 33))), 1e-4)

    def test_operators_are_plain_and_the_embedding_is_stored_once(self):
        weights = {name: w.numpy() for name, w in weights_of(random_atlas()).items()}
        graph = build_onnx(SMALL, weights).graph
        counts = {op: sum(node.op_type == op for node in graph.node) for op in ("Softmax", "LayerNormalization")}
        self.assertEqual(counts, {"Softmax": 2, "LayerNormalization": 5})
        self.assertEqual({node.domain for node in graph.node}, {""})
        embeddings = [i.name for i in graph.initializer if sorted(i.dims) == [16, 300]]
        self.assertEqual(embeddings, ["transformer.wte.weight"])

    def test_a_checkpoint_that_does_not_match_the_configuration_is_refused(self):
        weights = weights_of(random_atlas())
        with self.assertRaisesRegex(SystemExit, "does not match the configuration"):
            export.read_snapshot(self.snapshot(weights), replace(SMALL, n_head=4))
        narrow = {**weights, "transformer.ln_f.bias": torch.zeros(8)}
        with self.assertRaisesRegex(SystemExit, r"transformer.ln_f.bias is \[8\], expected \[16\]"):
            export.read_snapshot(self.snapshot(narrow), SMALL)
        weights.pop("transformer.h.1.ln_2.weight")
        with self.assertRaisesRegex(SystemExit, "transformer.h.1.ln_2.weight is missing"):
            export.read_snapshot(self.snapshot(weights), SMALL)

    def test_answers_are_scored_alike_by_both_backends(self):
        model = random_atlas()
        snapshot = export.read_snapshot(self.snapshot(weights_of(model)), SMALL)
        path = self.folder / "onnx" / "model.onnx"
        export.write_onnx(path, snapshot, SMALL, False, [4])
        rng = np.random.default_rng(1)
        drawn = [(rng.integers(1, 300, rng.integers(1, 9)).tolist(),
                  [rng.integers(1, 300, rng.integers(1, 4)).tolist()]) for _ in range(40)]

        def asked():
            return [ask.Question({}, prompt, answers, False) for prompt, answers in drawn]

        for one, other in zip(ask.ask(asked(), ask.TorchBackend(model)),
                              ask.ask(asked(), ask.OnnxBackend(export.session(path)))):
            self.assertAlmostEqual(one.p, other.p, places=5)
            self.assertEqual((one.top_token, one.rank), (other.top_token, other.rank))
            logits = model(torch.tensor([one.prompt_ids]))[0, -1].softmax(-1)
            self.assertAlmostEqual(one.p, logits[one.answer_ids[0][0]].item(), places=5)


class Resuming(unittest.TestCase):
    """A killed run that is started again ends with the weights of one that was left alone."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build = Path(folder.name)
        rng = np.random.default_rng(0)
        documents = [(rng.integers(1, 60, 40) * 7).tolist() for _ in range(720)]
        rows = packing.pack(documents, SHAPE.n_positions)
        np.save(self.build / "rows.npy", rows[24:])
        np.save(self.build / "rows_post.npy", rows[:24])

    def final_weights(self) -> dict:
        return load_file(sorted((self.build / "snapshots").glob("*.safetensors"))[-1])

    def test_killed_and_resumed_equals_undisturbed(self):
        run("train.py", "--fresh", build=self.build)
        undisturbed = self.final_weights()
        environment = {**os.environ, "ATLAS_BUILD": str(self.build)}
        log = self.build / "train.log"
        log.unlink()  # what is read below must be the second run's
        process = subprocess.Popen([sys.executable, str(TRAINING / "train.py"), "--fresh"], env=environment)
        while not log.exists() or "step 1/" not in log.read_text():
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 0)
        stopped_at = torch.load(self.build / "checkpoint.pt")["step"]
        self.assertGreater(stopped_at, 0)
        resumed = run("train.py", build=self.build)
        self.assertIn(f"resuming at step {stopped_at}", resumed.stdout)
        for name, tensor in self.final_weights().items():
            self.assertTrue(torch.equal(tensor, undisturbed[name]), name)

    def test_last_weights_are_averaged_with_those_before_post_training(self):
        run("train.py", "--fresh", build=self.build)
        pre, last = [load_file(path) for path in sorted((self.build / "snapshots").glob("*.safetensors"))[-2:]]
        state = torch.load(self.build / "checkpoint.pt")["model"]
        for name, tensor in last.items():
            wanted = pre[name].lerp(state[name], train.POST_SHARE)
            self.assertTrue(torch.allclose(tensor, wanted), name)

    def test_another_corpus_is_not_resumed_into(self):
        run("train.py", "--fresh", "--until", "1", build=self.build)
        np.save(self.build / "rows.npy", np.load(self.build / "rows.npy")[::-1])
        refused = run("train.py", build=self.build, ok=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("belongs to another corpus", refused.stderr)


class EndToEnd(unittest.TestCase):
    """The tiny run: text, tokenizer, training, export, evaluation, reference numbers."""

    def test_tiny(self):
        done = subprocess.run([sys.executable, str(TRAINING / "make.py"), "--tiny", "--from", "corpus"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        tiny = TRAINING / "build" / "tiny"
        files = json.loads((tiny / "atlas" / "files.json").read_text())["files"]
        self.assertIn("onnx/model.onnx", [file["path"] for file in files])
        for file in files:
            self.assertEqual((tiny / "atlas" / file["path"]).stat().st_size, file["bytes"])
        checkpoints = json.loads((tiny / "atlas" / "checkpoints.json").read_text())["checkpoints"]
        self.assertGreaterEqual(len(checkpoints), 8)
        self.assertEqual(checkpoints[-1]["stage"], "post")
        self.assertLess(checkpoints[-1]["loss"], checkpoints[0]["loss"])
        evaluation = json.loads((tiny / "evaluation.json").read_text())
        self.assertGreater(evaluation["onnx_against_pytorch"]["top1_agreement"], 0.995)
        loaded = GPT2LMHeadModel.from_pretrained(tiny / "atlas")
        self.assertEqual(loaded.config.vocab_size, SHAPE.vocab_size)


if __name__ == "__main__":
    unittest.main()
