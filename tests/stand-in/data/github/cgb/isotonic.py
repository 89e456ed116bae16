"""A monotone map from scores to probabilities that moves little between rounds."""

import numpy as np


class IsotonicMap:
    def __init__(self, damping=0.1):
        self.damping = damping
        self.knots = np.array([-1.0, 1.0])
        self.values = np.array([0.25, 0.75])

    def __call__(self, scores):
        return np.clip(np.interp(scores, self.knots, self.values), 1e-6, 1 - 1e-6)

    def update(self, scores, outcomes):
        order = np.argsort(scores, kind="stable")
        blocks = []
        for score, outcome, before in zip(scores[order], outcomes[order], self(scores[order])):
            blocks.append([outcome + self.damping * before, 1 + self.damping, score])
            while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
                total, weight, last = blocks.pop()
                blocks[-1][0] += total
                blocks[-1][1] += weight
                blocks[-1][2] = last
        self.knots = np.array([block[2] for block in blocks])
        self.values = np.array([block[0] / block[1] for block in blocks])
