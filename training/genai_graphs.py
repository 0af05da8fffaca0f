"""Decoders as the ONNX Runtime GenAI builder lays them out: its operators, its wiring, its names.

`grouped` files have GroupQueryAttention with rotary embedding inside, and one product for queries, keys and values
unless these are normed first. The others have MultiHeadAttention under a mask spelled out from the lengths, with
RotaryEmbedding before it, and keys and values repeated where query heads share them. Norms are
Skip(Simplified)LayerNormalization after the first. A tied embedding is the transposed unembedding.
"""

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from graph_builder import Builder, floats, integers

LONGEST = np.iinfo(np.int64).max
LOWEST = float(np.finfo(np.float32).min)
MASK = "/model/attn_mask_reformat"


class GenaiGraph(Builder):
    def __init__(self, model: torch.nn.Module, grouped: bool, half: bool) -> None:
        super().__init__(model.state_dict())
        self.config, self.grouped, self.half = model.config, grouped, half
        self.kind = np.float16 if half else np.float32
        config = model.config
        self.heads, self.kv_heads = config.num_attention_heads, config.num_key_value_heads
        self.width = getattr(config, "head_dim", None) or config.hidden_size // self.heads
        self.gemma = config.model_type.startswith("gemma")
        self.simple = config.model_type != "phi"
        # Gemma's stream and norms stay in single precision.
        self.wide = half and self.gemma
        self.epsilon = getattr(config, "rms_norm_eps", 1e-6) if self.simple else config.layer_norm_eps
        self.rotary = model.model.rotary_emb
        self.shapes: list[onnx.ValueInfoProto] = []
        for name in [name for name in self.weights if name.endswith(".gate_up_proj.weight")]:
            halves = self.weights[name].chunk(2)
            self.weights |= {name.replace("gate_up", part): half for part, half in zip(("gate", "up"), halves)}
        # What the next skip norm adds up: the stream so far and the branch that is to join it.
        self.root = self.skip = ""

    # Nodes

    def node(self, op: str, name: str, inputs: list[str], width: int | None = None, domain: str = "",
             **attributes) -> str:
        """A node whose result is called after it; `width` states the shape of activations."""
        output = f"{name}/output_0"
        self.nodes.append(helper.make_node(op, inputs, [output], name=name, domain=domain, **attributes))
        if width is not None:
            self.state(output, width, self.kind)
        return output

    def state(self, name: str, width: int, kind: type) -> None:
        self.shapes.append(self.info(name, ["batch_size", "sequence_length", width], kind))

    def info(self, name: str, shape: list[str | int], kind: type | None = None) -> onnx.ValueInfoProto:
        element = helper.np_dtype_to_tensor_dtype(np.dtype(kind or self.kind))
        return helper.make_tensor_value_info(name, element, shape)

    def table(self, name: str, values: np.ndarray) -> str:
        """Weights in the file's precision."""
        return self.constant(name, values.astype(self.kind))

    def cast(self, name: str, rows: str, kind: type) -> str:
        return self.node("Cast", f"{name}/Cast", [rows], to=helper.np_dtype_to_tensor_dtype(np.dtype(kind)))

    def number(self, values, kind=np.int64) -> str:
        return self.constant(f"/model/constants/{np.dtype(kind).name.upper()}/{values}", np.array(values, kind))

    def length(self, at: str, source: str, axis: int, suffix: str = "") -> str:
        shape = self.node("Shape", f"{at}/Shape{suffix}", [source])
        return self.node("Gather", f"{at}/Gather{suffix}", [shape, self.number(axis)], axis=0)

    def lone(self, name: str, size: str) -> str:
        """A number as a list of one."""
        return self.node("Unsqueeze", name, [size, self.number([0])])

    def linear(self, name: str, parts: list[str], rows: str, output: str | None = None) -> str:
        """One product for the weights of `parts` side by side, and an addition where they have biases."""
        at = name[1:].replace("/", ".")
        weight = torch.cat([self.weights[f"{part}.weight"] for part in parts]).numpy()
        biased = f"{parts[0]}.bias" in self.weights
        table = self.table(f"{at}.MatMul.weight", weight.T)
        result = self.node("MatMul", f"{name}/MatMul", [rows, table], len(weight))
        if biased:
            bias = torch.cat([self.weights[f"{part}.bias"] for part in parts]).numpy()
            result = self.node("Add", f"{name}/Add", [result, self.table(f"{at}.Add.bias", bias)], len(weight))
        if output is not None:
            self.shapes.pop()
            self.nodes[-1].output[0] = output
            return output
        return result

    def gain(self, name: str, weight: str) -> str:
        values = self.weights[f"{weight}.weight"].numpy() + np.float32(self.gemma)
        return self.constant(name, values) if self.wide else self.table(name, values)

    def norm(self, layer: int, location: str, source: str, skip: bool = True, last: bool = False,
             joins: bool = False) -> str:
        """
        The norm of the stream; with `skip`, of the stream and the branch, whose sum is the stream from here on. One
        that `joins` the stream is of a branch, and as wide as the stream.
        """
        at, name = f"model.layers.{layer}.{location}_layernorm", f"/model/layers.{layer}/{location}_layernorm"
        root = self.cast(f"{name}/LayerNorm/root_input", self.root, np.float32) if self.wide and joins else self.root
        inputs = [root, *([self.skip] if skip else []), self.gain(f"{at}.weight", source)]
        if not self.simple:
            inputs.append(self.table(f"{at}.bias", self.weights[f"{source}.bias"].numpy()))
        narrowed = self.wide and not joins
        outputs = [f"{name}/LayerNorm/output_0" if narrowed else f"{name}/output_0"]
        outputs += ["", "", f"{name}/output_3"] if skip and not last else []
        op = f"{'Skip' if skip else ''}{'Simplified' if self.simple else ''}LayerNormalization"
        own = {} if skip else {"axis": -1, "stash_type": 1}
        self.nodes.append(helper.make_node(op, inputs, outputs, name=f"{name}/{'Skip' if skip else ''}LayerNorm",
                                           domain="com.microsoft" if skip else "", epsilon=self.epsilon, **own))
        for output in filter(None, outputs):
            self.state(output, self.config.hidden_size, np.float32 if self.wide else self.kind)
        if skip and not last:
            self.root = outputs[3]
        return self.cast(f"{name}/LayerNorm/output_0", outputs[0], np.float16) if narrowed else outputs[0]

    # Parts

    def embedding(self) -> None:
        at = "/model/embed_tokens"
        if self.config.tie_word_embeddings:
            table = self.table("lm_head.MatMul.weight", self.weights["lm_head.weight"].numpy().T)
            table = self.node("Transpose", f"{at}/Transpose", [table], perm=[1, 0])
        else:
            table = self.table("model.embed_tokens.weight", self.weights["model.embed_tokens.weight"].numpy())
        rows = self.node("Gather", f"{at}/Gather", [table, "input_ids"], self.config.hidden_size)
        if self.gemma:
            root = np.round(np.sqrt(self.config.hidden_size), decimals=2)
            rows = self.node("Mul", f"{at}/Mul", [rows, self.number(root, self.kind)], self.config.hidden_size)
        if self.wide:
            rows = self.cast(at, rows, np.float32)
        self.root = self.skip = rows

    def tables(self, layer: int) -> tuple[str, str] | None:
        """Names of the cosines and sines of a layer; none where it has no rotary embedding."""
        if not getattr(self.config, "no_rope_layers", [1] * (layer + 1))[layer]:
            return None
        kinds = getattr(self.config, "layer_types", None) if hasattr(self.rotary, "full_attention_inv_freq") else None
        own = "inv_freq" if kinds is None else f"{kinds[layer]}_inv_freq"
        suffix = "" if kinds is None else "_local" if kinds[layer] == "sliding_attention" else "_global"
        if self.rotary.config.rope_parameters.get("rope_type") == "longrope":
            return self.chosen_tables()
        places = np.arange(self.config.max_position_embeddings)
        angles = np.outer(places, getattr(self.rotary, own).numpy()).astype(np.float32)
        return self.table(f"cos_cache{suffix}", np.cos(angles)), self.table(f"sin_cache{suffix}", np.sin(angles))

    def chosen_tables(self) -> tuple[str, str]:
        """Tables that an If chooses by the total length: one set for prompts as long as in training, one for longer."""
        names, at = ("cos_cache", "sin_cache"), "/model/rotemb_caches_subgraph"
        if names[0] in self.made():
            return names
        self.lengths()
        rope = self.config.rope_parameters
        usual = rope["original_max_position_embeddings"]
        plain = self.rotary.inv_freq.numpy() * np.array(rope["short_factor"], np.float32)
        branches = []
        for size, length, factors in (("large", self.config.max_position_embeddings, rope["long_factor"]),
                                      ("small", usual, rope["short_factor"])):
            angles = np.outer(np.arange(length), plain / np.array(factors, np.float32)).astype(np.float32)
            nodes, outputs = [], []
            for name, values in zip(names, (np.cos(angles), np.sin(angles))):
                own = f"{name}_{size}"
                table = numpy_helper.from_array(values * np.float32(self.rotary.attention_scaling))
                nodes.append(helper.make_node("Constant", [], [own], name=f"/{size}/{name}/Constant", value=table))
                outputs.append(floats(own, values.shape))
            branches.append(helper.make_graph(nodes, f"{size}_rotemb_caches_graph", [], outputs))
        total = f"{MASK}/attn_mask_subgraph/Gather/output_0"
        longer = self.node("Greater", f"{at}/Greater", [total, self.number(usual)])
        self.nodes.append(helper.make_node("If", [longer], names, name=f"{at}/If", then_branch=branches[0],
                                           else_branch=branches[1]))
        self.shapes += [floats(name, ["max_sequence_length", "head_dim / 2"]) for name in names]
        return names

    def made(self) -> set[str]:
        return {name for node in self.nodes for name in node.output}

    def window(self, layer: int) -> int:
        kinds = getattr(self.config, "layer_types", None)
        wide = kinds is not None and kinds[layer] == "full_attention"
        return -1 if wide else getattr(self.config, "sliding_window", None) or -1

    def attention(self, layer: int, rows: str) -> str:
        at, source = f"/model/layers.{layer}/attn", f"model.layers.{layer}.self_attn"
        counts = {"q": self.heads, "k": self.kv_heads, "v": self.kv_heads}
        normed = f"{source}.q_norm.weight" in self.weights
        if self.grouped and not normed:
            joint = f"{source}.qkv_proj"
            parts = [joint] if f"{joint}.weight" in self.weights else [f"{source}.{part}_proj" for part in counts]
            q, k, v = self.linear(f"{at}/qkv_proj", parts, rows), "", ""
        else:
            q, k, v = (self.linear(f"{at}/{part}_proj", [f"{source}.{part}_proj"], rows) for part in counts)
        if normed:
            q, k = (self.head_norm(f"{at}/{part}_norm", f"{source}.{part}_norm", tensor, counts[part])
                    for part, tensor in (("q", q), ("k", k)))
        z = self.group_query(layer, at, [q, k, v]) if self.grouped else self.multi_head(layer, at, [q, k, v])
        return self.linear(f"{at}/o_proj", [f"{source}.dense" if not self.simple else f"{source}.o_proj"], z)

    def head_norm(self, name: str, source: str, rows: str, count: int) -> str:
        weight = self.gain(f"{name[1:].replace('/', '.')}.layernorm.weight", source)
        split = self.node("Reshape", f"{name}/Reshape_1", [rows, self.number([0, -1, self.width])])
        at = f"{name}/SimplifiedLayerNormalization"
        if self.wide:
            split = self.cast(f"{at}/root_input", split, np.float32)
        normed = self.node("SimplifiedLayerNormalization", at, [split, weight], axis=-1, epsilon=self.epsilon,
                           stash_type=1)
        if self.wide:
            normed = self.cast(f"{at}/output_0", normed, np.float16)
        joined = self.number([0, -1, count * self.width])
        return self.node("Reshape", f"{name}/Reshape_2", [normed, joined], count * self.width)

    def scale(self) -> float:
        return getattr(self.config, "query_pre_attn_scalar", self.width) ** -0.5

    def group_query(self, layer: int, at: str, qkv: list[str]) -> str:
        tables = self.tables(layer)
        name = f"{at}/GroupQueryAttention"
        inputs = [*qkv, *caches("past_key_values", layer), *self.lengths(), *(tables or ("", "")), "", "", ""]
        outputs = [f"{name}/output_0", *caches("present", layer)]
        self.nodes.append(helper.make_node(
            "GroupQueryAttention", inputs, outputs, name=name, domain="com.microsoft", num_heads=self.heads,
            kv_num_heads=self.kv_heads, scale=self.scale(), local_window_size=self.window(layer),
            softcap=float(getattr(self.config, "attn_logit_softcapping", None) or 0), do_rotary=int(tables is not None),
            rotary_interleaved=0))
        self.state(outputs[0], self.heads * self.width, self.kind)
        return outputs[0]

    def lengths(self) -> list[str]:
        """Last places of the keys and the total length, which every GroupQueryAttention reads."""
        at = f"{MASK}/attn_mask_subgraph"
        outputs = [f"{at}/Sub/Cast/output_0", f"{at}/Gather/Cast/output_0"]
        if outputs[0] not in self.made():
            summed = self.node("ReduceSum", f"{at}/ReduceSum", ["attention_mask", self.number([1])], keepdims=0)
            last = self.node("Sub", f"{at}/Sub", [summed, self.number([1])])
            self.node("Cast", f"{at}/Sub/Cast", [last], to=TensorProto.INT32)
            self.node("Cast", f"{at}/Gather/Cast", [self.length(at, "attention_mask", 1)], to=TensorProto.INT32)
        return outputs

    def multi_head(self, layer: int, at: str, qkv: list[str]) -> str:
        tables = self.tables(layer)
        q, k, v = qkv
        if tables is not None:
            q, k = (self.rotated(f"{at}/{part}_rotary/RotaryEmbedding", tensor, tables, count)
                    for part, tensor, count in (("q", q, self.heads), ("k", k, self.kv_heads)))
        past, present = caches("past_key_values", layer), caches("present", layer)
        if self.heads != self.kv_heads:
            k, v = (self.repeated(f"{at}/{part}_proj/repeat_kv", tensor, past[index], present[index])
                    for index, (part, tensor) in enumerate((("k", k), ("v", v))))
            past = present = ["", ""]
        name = f"{at}/MultiHeadAttention"
        outputs = [f"{name}/output_0", *present]
        self.nodes.append(helper.make_node(
            "MultiHeadAttention", [q, k, v, "", "", self.causal_mask(), *past], outputs, name=name,
            domain="com.microsoft", num_heads=self.heads, scale=self.scale(), unidirectional=0))
        self.state(outputs[0], self.heads * self.width, self.kind)
        return outputs[0]

    def rotated(self, name: str, rows: str, tables: tuple[str, str], count: int) -> str:
        turned = 2 * len(self.rotary.inv_freq)
        partial = turned != self.width
        return self.node("RotaryEmbedding", name, [rows, "position_ids", *tables], count * self.width, "com.microsoft",
                         interleaved=0, num_heads=count if partial else 0, rotary_embedding_dim=turned if partial else 0)

    def repeated(self, at: str, rows: str, past: str, present: str) -> str:
        """Keys (values) behind the cached ones, once for every query head that shares them, as rows again."""
        times = self.heads // self.kv_heads
        split = self.node("Reshape", f"{at}/Reshape_1", [rows, self.number([0, 0, self.kv_heads, -1])])
        turned = self.node("Transpose", f"{at}/Transpose_1", [split], perm=[0, 2, 1, 3])
        self.nodes.append(helper.make_node("Concat", [past, turned], [present], name=f"{at}/Concat_1", axis=2))
        shape = self.node("Shape", f"{at}/Shape_1", [present])
        sizes = [self.size(at, shape, index) for index in range(4)]
        wide = self.node("Concat", f"{at}/Concat_2", [*sizes[:2], self.number([times]), *sizes[2:]], axis=0)
        heads = self.node("Mul", f"{at}/Mul_1", [sizes[1], self.number(times)])
        joined = self.node("Concat", f"{at}/Concat_3", [sizes[0], heads, *sizes[2:]], axis=0)
        target = self.expansion(at, self.node("Reshape", f"{at}/Reshape_2", [wide, self.number([-1])]))
        apart = self.node("Unsqueeze", f"{at}/Unsqueeze_5", [present, self.number([2])])
        copies = self.node("Expand", f"{at}/Expand", [apart, target])
        each = self.node("Reshape", f"{at}/Reshape_3", [copies, joined])
        back = self.node("Transpose", f"{at}/Transpose_2", [each], perm=[0, 2, 1, 3])
        width = self.heads * self.width
        return self.node("Reshape", f"{at}/Reshape_4", [back, self.number([0, 0, width])], width)

    def size(self, at: str, shape: str, index: int) -> str:
        one = self.node("Gather", f"{at}/Gather_{index + 1}", [shape, self.number(index)], axis=0)
        return self.lone(f"{at}/Unsqueeze_{index + 1}", one)

    def expansion(self, at: str, shape: str, suffix: str = "") -> str:
        """A shape to expand to, with 1 where it says −1."""
        length = self.node("Shape", f"{at}/Shape_2{suffix}", [shape])
        ones = self.node("ConstantOfShape", f"{at}/ConstantOfShape{suffix}", [length],
                         value=helper.make_tensor("value", TensorProto.INT64, [1], [1]))
        free = self.node("Mul", f"{at}/Mul{suffix}", [ones, self.number(-1)])
        same = self.node("Equal", f"{at}/Equal{suffix}", [shape, free])
        return self.node("Where", f"{at}/Where{suffix}", [same, ones, shape])

    def causal_mask(self) -> str:
        """`[batch, heads, sequence, total]`: the lowest number where a query may not look, from lengths alone."""
        output = f"{MASK}/Tile/output_0"
        if output in self.made():
            return output
        ids, keys, mask = (f"{MASK}/{part}_subgraph" for part in ("input_ids", "past_key", "attn_mask"))
        past = self.length(keys, "past_key_values.0.key", 2)
        batch, length = (self.length(ids, "input_ids", axis, f"_{axis + 1}") for axis in range(2))
        one, rows = (self.lone(f"{ids}/Unsqueeze_{index}", size) for index, size in enumerate((batch, length), 1))
        total = self.lone(f"{ids}/Unsqueeze_3", self.node("Add", f"{ids}/Add_1", [length, past]))
        triangle = self.triangle(ids, rows)
        shape = self.node("Concat", f"{ids}/Concat_1", [one, self.number([1]), rows, total], axis=0)
        triangle = self.node("Expand", f"{ids}/Expand", [triangle, self.expansion(ids, shape, "_1")])
        padding = self.padding(mask, rows)
        both = self.node("Add", f"{MASK}/Add", [padding, triangle])
        return self.node("Tile", f"{MASK}/Tile", [both, self.number([1, self.heads, 1, 1])])

    def triangle(self, at: str, rows: str) -> str:
        square = self.node("Concat", f"{at}/Concat_2", [rows, rows], axis=0)
        hidden = self.node("ConstantOfShape", f"{at}/ConstantOfShape_2", [square],
                           value=helper.make_tensor("value", TensorProto.FLOAT, [1], [LOWEST]))
        sizes = []
        for index in (1, 2):
            shape = self.node("Shape", f"{at}/Shape_{index + 3}", [hidden])
            ends = [self.number([-1]), self.number([LONGEST]), self.number([0])]
            last = self.node("Slice", f"{at}/Slice_{index}", [shape, *ends])
            sizes.append(self.node("Squeeze", f"{at}/Squeeze_{index}", [last, self.number([0])]))
        column = self.lone(f"{at}/Unsqueeze_7", sizes[0])
        column = self.node("Concat", f"{at}/Concat_3", [column, self.number([1])], axis=0)
        places = self.node("Range", f"{at}/Range", [self.number(0), sizes[1], self.number(1)])
        after = self.node("Add", f"{at}/Add_2", [places, self.number(1)])
        after = self.node("Reshape", f"{at}/Reshape", [after, column])
        seen = self.node("Less", f"{at}/Less", [places, after])
        chosen = self.node("Where", f"{at}/Where_2", [seen, self.number(0.0, np.float32), hidden])
        inner = self.node("Unsqueeze", f"{at}/Unsqueeze_8", [chosen, self.number([0])])
        return self.node("Unsqueeze", f"{at}/Unsqueeze_9", [inner, self.number([1])])

    def padding(self, at: str, rows: str) -> str:
        sizes = [self.length(at, "attention_mask", axis, f"_{axis + 1}") for axis in range(2)]
        batch, total = (self.lone(f"{at}/Unsqueeze_{index}", size) for index, size in enumerate(sizes, 3))
        inner = self.node("Unsqueeze", f"{at}/Unsqueeze_1", ["attention_mask", self.number([1])])
        inner = self.node("Unsqueeze", f"{at}/Unsqueeze_2", [inner, self.number([2])])
        shape = self.node("Concat", f"{at}/Concat", [batch, self.number([1]), rows, total], axis=0)
        wide = self.node("Expand", f"{at}/Expand", [inner, self.expansion(at, shape, "_1")])
        given = self.node("Cast", f"{at}/Cast_1", [wide], to=TensorProto.FLOAT)
        missing = self.node("Sub", f"{at}/Sub", [self.number(1.0, np.float32), given])
        hidden = self.node("Cast", f"{at}/Cast_2", [missing], to=TensorProto.BOOL)
        return self.node("Where", f"{at}/Where_2", [hidden, self.number(LOWEST, np.float32), missing])

    def gated_mlp(self, layer: int, rows: str) -> str:
        at, source = f"/model/layers.{layer}/mlp", f"model.layers.{layer}.mlp"
        gate, up = (self.linear(f"{at}/{part}_proj", [f"{source}.{part}_proj"], rows) for part in ("gate", "up"))
        width = self.config.intermediate_size
        product = self.node("Mul", f"{at}/Mul", [self.activation(at, gate), up], width)
        return self.linear(f"{at}/down_proj", [f"{source}.down_proj"], product)

    def plain_mlp(self, layer: int, rows: str) -> str:
        at, source = f"/model/layers.{layer}/mlp", f"model.layers.{layer}.mlp"
        inner = self.linear(f"{at}/fc1", [f"{source}.fc1"], rows)
        return self.linear(f"{at}/fc2", [f"{source}.fc2"], self.activation(at, inner))

    def activation(self, at: str, rows: str) -> str:
        width = self.config.intermediate_size
        if getattr(self.config, "hidden_act", "gelu") == "silu":
            opened = self.node("Sigmoid", f"{at}/act_fn/Sigmoid", [rows], width)
            return self.node("Mul", f"{at}/act_fn/Mul", [rows, opened], width)
        return self.node("FastGelu", f"{at}/act_fn/FastGelu", [rows], width, "com.microsoft")

    # Layers

    def layer(self, layer: int) -> None:
        source, first = f"model.layers.{layer}", layer == 0
        rows = self.norm(layer, "input", f"{source}.input_layernorm", skip=not first)
        if not self.simple:
            self.side_by_side(layer, rows)
            return
        self.skip = self.attention(layer, rows)
        if self.gemma:
            self.skip = self.norm_alone(layer, "post_attention")
        after = "pre_feedforward" if self.gemma else "post_attention"
        rows = self.norm(layer, after, f"{source}.{after}_layernorm")
        self.skip = self.gated_mlp(layer, rows)
        if self.gemma:
            self.skip = self.norm_alone(layer, "post_feedforward")

    def norm_alone(self, layer: int, location: str) -> str:
        """Of a branch, before it joins the stream."""
        stream, self.root = self.root, self.skip
        normed = self.norm(layer, location, f"model.layers.{layer}.{location}_layernorm", skip=False, joins=True)
        self.root = stream
        return normed

    def side_by_side(self, layer: int, rows: str) -> None:
        branches = [self.attention(layer, rows), self.plain_mlp(layer, rows)]
        self.skip = self.node("Add", f"/model/layers.{layer}/residual_add/Add", branches, self.config.hidden_size)

    def head(self, rows: str) -> None:
        cap = getattr(self.config, "final_logit_softcapping", None)
        logits = self.linear("/lm_head", ["lm_head"], rows, None if cap else "logits")
        if cap:
            number = self.number(cap, self.kind)
            bent = self.node("Div", "/lm_head/softcap/Div", [logits, number])
            bent = self.node("Tanh", "/lm_head/softcap/Tanh", [bent])
            self.nodes.append(helper.make_node("Mul", [bent, number], ["logits"], name="/lm_head/softcap/Mul"))


def caches(kind: str, layer: int) -> list[str]:
    return [f"{kind}.{layer}.{part}" for part in ("key", "value")]


def genai_graph(model: torch.nn.Module, grouped: bool = True, half: bool = False) -> onnx.ModelProto:
    """`half` is for files with grouped attention and without a choice of rotary tables."""
    g = GenaiGraph(model, grouped, half)
    layers = model.config.num_hidden_layers
    g.embedding()
    for layer in range(layers):
        g.layer(layer)
    final = "model.norm" if g.simple else "model.final_layernorm"
    g.head(g.norm(layers, "final_norm", final, last=True))
    sequence, total = ["batch_size", "sequence_length"], ["batch_size", "total_sequence_length"]
    inputs = [integers("input_ids", sequence), integers("attention_mask", total)]
    inputs += [] if grouped else [integers("position_ids", sequence)]
    outputs = [g.info("logits", [*sequence, model.config.vocab_size])]
    for part in range(2):
        for layer in range(layers):
            for values, kind, length in ((inputs, "past_key_values", "past"), (outputs, "present", "total")):
                shape = ["batch_size", g.kv_heads, f"{length}_sequence_length", g.width]
                values.append(g.info(caches(kind, layer)[part], shape))
    return g.graph(inputs, outputs, g.shapes)
