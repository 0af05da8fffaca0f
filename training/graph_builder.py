"""Graphs written by hand, one node after another, with a PyTorch model's weights."""

from collections.abc import Sequence

import numpy as np
import onnx
import torch
from onnx import TensorProto, ValueInfoProto, helper, numpy_helper


class Builder:
    """Collects nodes and initializers."""

    def __init__(self, weights: dict[str, torch.Tensor]) -> None:
        self.weights, self.nodes, self.initializers = weights, [], {}

    def weight(self, name: str, transpose: bool = False) -> str:
        values = self.weights[name].detach().numpy()
        return self.constant(name + (".transposed" if transpose else ""), values.T if transpose else values)

    def constant(self, name: str, values) -> str:
        self.initializers[name] = numpy_helper.from_array(np.asarray(values, order="C"), name)
        return name

    def add(self, op: str, inputs: list[str], outputs: int | list[str] = 1, domain: str = "", **attributes) -> str:
        names = outputs if isinstance(outputs, list) else [f"{op}_{len(self.nodes)}_{index}" for index in range(outputs)]
        name = f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, names, domain=domain, name=name, **attributes))
        return names[0]

    def fused(self, op: str, inputs: list[str], outputs: int | list[str] = 1, **attributes) -> str:
        return self.add(op, inputs, outputs, "com.microsoft", **attributes)

    def graph(self, inputs: Sequence[ValueInfoProto], outputs: Sequence[ValueInfoProto],
              values: Sequence[ValueInfoProto] = ()) -> onnx.ModelProto:
        constants = list(self.initializers.values())
        graph = helper.make_graph(self.nodes, "decoder", inputs, outputs, constants, value_info=values)
        opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="strata-layouts")


def gated(b: Builder, normed: str, names: list[str]) -> str:
    gate, up = (b.add("MatMul", [normed, b.weight(name, transpose=True)]) for name in names[:2])
    active = b.add("Mul", [gate, b.add("Sigmoid", [gate])])
    return b.add("MatMul", [b.add("Mul", [active, up]), b.weight(names[2], transpose=True)])


def floats(name: str, shape: Sequence[str | int]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def integers(name: str, shape: Sequence[str | int]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.INT64, shape)


def with_external_data(model: onnx.ModelProto, location: str) -> bytes:
    """Moves every weight, however small, into one file and returns its bytes; shapes and axes stay in the graph."""
    data = bytearray()
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or not tensor.dims:
            continue
        content = numpy_helper.to_array(tensor).tobytes()
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", len(data)), ("length", len(content))):
            tensor.external_data.add(key=key, value=str(value))
        data += content
    return bytes(data)
