# Integrals and differential equations: quadrature, prey and predators, events, stiffness, a boundary value.
import numpy as np
from scipy import integrate

value, error = integrate.quad(lambda x: np.exp(-x * x), -np.inf, np.inf)
print(f"Gauss: {value:.10f}, sqrt(pi) {np.sqrt(np.pi):.10f}, error below 1e-7: {error < 1e-7}")
print(f"with a singular end: {integrate.quad(lambda x: 1 / np.sqrt(x), 0, 1)[0]:.8f}")
print(f"over a triangle: {integrate.dblquad(lambda y, x: x * y, 0, 1, 0, lambda x: 1 - x)[0]:.6f}")
x = np.linspace(0, np.pi, 21)
for rule in (integrate.trapezoid, integrate.simpson):
    print(f"{rule.__name__:<10} {rule(np.sin(x), x=x):.6f}")
print("cumulative:", integrate.cumulative_trapezoid(np.sin(x), x, initial=0)[[0, 10, 20]].round(3).tolist())


def hunt(t, state, a=1.1, b=0.4, c=0.1, d=0.4):
    prey, predators = state
    return [a * prey - b * prey * predators, c * prey * predators - d * predators]


run = integrate.solve_ivp(hunt, (0, 40), [10, 5], dense_output=True, rtol=1e-8, atol=1e-8)
print("prey and predators:", run.status, run.message)
for t in (0, 5, 10, 20, 40):
    print(f"  t={t:2d}: " + ", ".join(f"{v:.3f}" for v in run.sol(t)))
invariant = lambda s: 0.1 * s[0] - 0.4 * np.log(s[0]) + 0.4 * s[1] - 1.1 * np.log(s[1])
print(f"invariant drifts by less than 1e-5: {abs(invariant(run.sol(40)) - invariant(run.sol(0))) < 1e-5}")


def ground(t, state):
    return state[0]


ground.terminal, ground.direction = True, -1
fall = integrate.solve_ivp(
    lambda t, s: [s[1], -9.81 - 0.1 * s[1] * abs(s[1])], (0, 60), [100, 20], events=ground, rtol=1e-9
)
print(f"lands after {fall.t_events[0][0]:.4f} s at {fall.y_events[0][0][1]:.3f} m/s")

stiff = lambda t, y: [-500 * (y[0] - np.cos(t))]
for method in ("RK45", "Radau", "BDF", "LSODA"):
    solved = integrate.solve_ivp(stiff, (0, 3), [0], method=method, rtol=1e-6, atol=1e-9)
    print(f"{method:<6} {solved.y[0, -1]:.4f}, many steps: {solved.t.size > 300}")

oscillation = integrate.odeint(lambda s, t: [s[1], -s[0]], [1, 0], [0, np.pi, 2 * np.pi], rtol=1e-10, atol=1e-10)
print("after half and full turn:", (oscillation[1:, 0]).round(6).tolist())
hanging = integrate.solve_bvp(
    lambda x, y: [y[1], 0.8 * np.sqrt(1 + y[1] ** 2)],
    lambda a, b: [a[0] - 1, b[0] - 1.2],
    x := np.linspace(0, 2, 9),
    np.ones((2, 9)),
)
print("chain:", hanging.sol([0, 0.5, 1, 1.5, 2])[0].round(4).tolist())
