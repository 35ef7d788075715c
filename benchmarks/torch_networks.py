"""The networks of networks.py in PyTorch, for comparison where PyTorch is installed."""

import torch
from torch import nn

from benchmarks.networks import BATCH, SOURCE, TARGET, UNITS, VOCABULARY


def _training(model, optimizer, loss):
    def step():
        optimizer.zero_grad()
        value = loss(model)
        value.backward()
        optimizer.step()
        return float(value)

    return step


def cnn():
    layers, channels = [], 1
    for size in (32, 64, 128):
        layers += [nn.Conv2d(channels, size, 3, padding=1), nn.ReLU()]
        layers += [nn.MaxPool2d(2, ceil_mode=True), nn.Dropout(0.3)]
        channels = size
    layers += [nn.Flatten(), nn.Linear(2048, 625), nn.ReLU(), nn.Dropout(0.3), nn.Linear(625, 10)]
    model = nn.Sequential(*layers)
    x, y = torch.rand(100, 1, 28, 28), torch.randint(0, 10, (100,))
    return _training(
        model,
        torch.optim.Adam(model.parameters(), 0.001),
        lambda net: nn.functional.cross_entropy(net(x), y),
    )


def lstm():
    model = nn.LSTM(512, 512, 2, batch_first=True)
    x = torch.randn(32, 64, 512)
    return _training(
        model, torch.optim.SGD(model.parameters(), 0.1), lambda net: net(x)[0].square().mean()
    )


def resnet_block():
    model = nn.Sequential(
        nn.Conv2d(64, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
        nn.Conv2d(64, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64),
    )  # fmt: skip
    x = torch.randn(32, 64, 32, 32)
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
