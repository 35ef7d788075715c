"""The timed programs in PyTorch, for comparison where PyTorch is installed."""

import math

import torch
from torch import nn

from benchmarks import data2vis
from benchmarks.networks import BATCH, SOURCE, TARGET, UNITS, VOCABULARY, WORDS

# What the worker asks for: torch.compile, and products in bfloat16.
OPTIONS = set()


def on_gpu():
    """Everything that is made from here on lies on the GPU, if there is one; products in TF32."""
    torch.set_float32_matmul_precision("high")
    if torch.cuda.is_available():
        torch.backends.cudnn.allow_tf32 = True
        torch.set_default_device("cuda")


def _training(model, optimizer, loss):
    net = torch.compile(model) if "compile" in OPTIONS else model

    def step():
        optimizer.zero_grad()
        device = torch.get_default_device().type
        with torch.autocast(device, torch.bfloat16, enabled="bf16" in OPTIONS):
            value = loss(net)
        value.backward()
        optimizer.step()
        return float(value)

    return step


def linear_regression():
    w, b = (torch.randn(1, requires_grad=True) for _ in range(2))
    optimizer = torch.optim.SGD([w, b], 0.01)

    def step():
        x, y = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 2.0, 3.0])
        optimizer.zero_grad()
        cost = (x * w + b - y).square().mean()
        cost.backward()
        optimizer.step()
        return float(cost), w.detach().numpy(), b.detach().numpy()

    return step


def _mlp(batch, first, second, optimizer):
    model = nn.Sequential(
        nn.Linear(784, first), nn.ReLU(), nn.Linear(first, second), nn.ReLU(), nn.Linear(second, 10)
    )
    x, y = torch.rand(batch, 784), torch.randint(0, 10, (batch,))
    return _training(
        model,
        optimizer(model.parameters()),
        lambda net: nn.functional.cross_entropy(net(x), y),
    )


def mlp(batch):
    return _mlp(batch, 2048, 2048, torch.optim.Adam)


def mlp_batch_50():
    return _mlp(50, 300, 100, lambda weights: torch.optim.SGD(weights, 0.01))


def mlp_batch_1000():
    return _mlp(1000, 300, 100, lambda weights: torch.optim.SGD(weights, 0.01))


def _cnn():
    layers, channels = [], 1
    for size in (32, 64, 128):
        layers += [nn.Conv2d(channels, size, 3, padding=1), nn.ReLU()]
        layers += [nn.MaxPool2d(2, ceil_mode=True), nn.Dropout(0.3)]
        channels = size
    layers += [nn.Flatten(), nn.Linear(2048, 625), nn.ReLU(), nn.Dropout(0.3), nn.Linear(625, 10)]
    return nn.Sequential(*layers)


def cnn(batch=100):
    model = _cnn()
    x, y = torch.rand(batch, 1, 28, 28), torch.randint(0, 10, (batch,))
    return _training(
        model,
        torch.optim.Adam(model.parameters(), 0.001),
        lambda net: nn.functional.cross_entropy(net(x), y),
    )


def cnn_inference():
    model = _cnn().eval()
    x = torch.rand(1, 1, 28, 28)

    def step():
        with torch.inference_mode():
            return model(x).argmax(1).numpy()

    return step


def sampled_softmax():
    words, units, sampled = WORDS
    embedding, weights = (nn.Embedding(words, units, sparse=True) for _ in range(2))
    biases = nn.Embedding(words, 1, sparse=True)
    nn.init.zeros_(biases.weight)
    x, y = torch.randint(0, words, (128,)), torch.randint(0, words, (128,))
    parameters = [p for layer in (embedding, weights, biases) for p in layer.parameters()]
    optimizer = torch.optim.SGD(parameters, 1.0)

    def log_expected(ids):
        return torch.log(sampled * torch.log((ids + 2) / (ids + 1)) / math.log(words + 1))

    def step():
        optimizer.zero_grad()
        negatives = torch.exp(torch.rand(sampled) * math.log(words + 1)).long().clamp(1, words) - 1
        inputs = embedding(x)
        true = (inputs * weights(y)).sum(1, keepdim=True) + biases(y) - log_expected(y)[:, None]
        others = inputs @ weights(negatives).T + biases(negatives).T - log_expected(negatives)
        others = others.masked_fill(negatives == y[:, None], -1e30)
        labels = torch.zeros(len(x), dtype=torch.long)
        loss = nn.functional.cross_entropy(torch.cat([true, others], 1), labels)
        loss.backward()
        optimizer.step()
        return float(loss)

    return step


def lstm(batch=32):
    model = nn.LSTM(512, 512, 2, batch_first=True)
    x = torch.randn(batch, 64, 512)
    return _training(
        model, torch.optim.SGD(model.parameters(), 0.1), lambda net: net(x)[0].square().mean()
    )


def resnet_block(batch=32):
    model = nn.Sequential(
        nn.Conv2d(64, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
        nn.Conv2d(64, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64),
    )  # fmt: skip
    x = torch.randn(batch, 64, 32, 32)
    return _training(
        model,
        torch.optim.SGD(model.parameters(), 0.1, momentum=0.9),
        lambda net: torch.relu(net(x) + x).square().mean(),
    )


class _Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, UNITS)
        self.cell = nn.LSTMCell(2 * UNITS, UNITS)
        self.attention = nn.Linear(2 * UNITS, UNITS, bias=False)
        self.projection = nn.Linear(UNITS, VOCABULARY, bias=False)

    def step(self, ids, attention, state, memory):
        state = self.cell(torch.cat([self.embedding(ids), attention], 1), state)
        score = torch.bmm(memory, state[0].unsqueeze(2)).squeeze(2)
        context = torch.bmm(torch.softmax(score, 1).unsqueeze(1), memory).squeeze(1)
        return torch.tanh(self.attention(torch.cat([state[0], context], 1))), state


def _start(rows):
    return torch.zeros(rows, UNITS), (torch.zeros(rows, UNITS), torch.zeros(rows, UNITS))


def attention_decoder():
    model = _Decoder()
    memory = torch.randn(BATCH, SOURCE, UNITS)
    target = torch.randint(0, VOCABULARY, (BATCH, TARGET))

    def loss(net):
        attention, state = _start(BATCH)
        outputs = []
        for i in range(TARGET):
            attention, state = net.step(target[:, i], attention, state, memory)
            outputs.append(attention)
        logits = net.projection(torch.stack(outputs, 1))
        return nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten())

    return _training(model, torch.optim.Adam(model.parameters()), loss)


class _CharBi(nn.Module):
    """The attention network of 2018: two LSTM stacks read the source, one writes the target."""

    def __init__(self):
        super().__init__()
        units, depth = data2vis.UNITS, 2 * data2vis.UNITS
        self.source = nn.Embedding(data2vis.CHARACTERS, data2vis.EMBEDDING)
        self.target = nn.Embedding(data2vis.CHARACTERS, data2vis.EMBEDDING)
        self.forward_stack, self.backward_stack = (
            nn.LSTM(data2vis.EMBEDDING, units, 2, batch_first=True, dropout=1 - data2vis.KEEP)
            for _ in range(2)
        )
        self.cells = nn.ModuleList(
            [nn.LSTMCell(data2vis.EMBEDDING + depth, units), nn.LSTMCell(units, units)]
        )
        self.keys, self.query = nn.Linear(depth, units), nn.Linear(units, units)
        self.mix = nn.Linear(units + depth, units)
        self.logits = nn.Linear(units, data2vis.CHARACTERS)
        self.dropout = nn.Dropout(1 - data2vis.KEEP)

    def forward(self, source, target):
        inputs = self.dropout(self.source(source))
        ahead = self.forward_stack(inputs)[0]
        back = self.backward_stack(inputs.flip(1))[0].flip(1)
        memory = torch.cat([ahead, back], 2)
        keys = self.keys(memory)
        zeros = torch.zeros(len(source), data2vis.UNITS)
        states = [(zeros, zeros) for _ in self.cells]
        context, outputs = torch.zeros(len(source), memory.shape[2]), []
        for inputs in self.target(target).unbind(1):
            output = torch.cat([inputs, context], 1)
            for i, cell in enumerate(self.cells):
                states[i] = cell(self.dropout(output), states[i])
                output = states[i][0]
            scores = torch.softmax(torch.bmm(keys, self.query(output).unsqueeze(2)), 1)
            context = torch.bmm(scores.transpose(1, 2), memory).squeeze(1)
            outputs.append(torch.tanh(self.mix(torch.cat([output, context], 1))))
        return self.logits(torch.stack(outputs, 1))


def char_bi():
    model = _CharBi()
    optimizer = torch.optim.Adam(model.parameters(), data2vis.RATE, eps=data2vis.EPSILON)
    source, target = (torch.from_numpy(ids) for ids in data2vis.batch())

    def step():
        optimizer.zero_grad()
        logits = model(source, target[:, :-1])
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), target[:, 1:].flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), data2vis.CLIP)
        optimizer.step()
        return float(loss)

    return step


def beam_search():
    beams, steps = 5, 40
    model = _Decoder()
    memory = torch.randn(beams, SOURCE, UNITS)

    def step():
        with torch.no_grad():
            attention, state = _start(beams)
            ids = torch.zeros(beams, dtype=torch.long)
            scores = torch.tensor([0.0] + [-1e9] * (beams - 1))
            for _ in range(steps):
                attention, state = model.step(ids, attention, state, memory)
                log_probs = torch.log_softmax(model.projection(attention), 1)
                scores, best = (scores.unsqueeze(1) + log_probs).flatten().topk(beams)
                parents, ids = best // VOCABULARY, best % VOCABULARY
                attention, state = attention[parents], tuple(part[parents] for part in state)
            return scores.numpy()

    return step
