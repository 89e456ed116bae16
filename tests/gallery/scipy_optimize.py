# Minimizing, fitting and solving: several methods on one valley, constraints, curve fitting, roots and linear programs.
import numpy as np
from scipy import optimize


def valley(p):
    x, y = p
    return (1 - x) ** 2 + 20 * (y - x * x) ** 2


def slope(p):
    x, y = p
    return np.array([-2 * (1 - x) - 80 * x * (y - x * x), 40 * (y - x * x)])


for method in ("Nelder-Mead", "Powell", "BFGS", "L-BFGS-B", "trust-constr"):
    jac = slope if method in ("BFGS", "L-BFGS-B", "trust-constr") else None
    found = optimize.minimize(valley, [-1.2, 1.0], method=method, jac=jac, options={"maxiter": 2000})
    print(f"{method:<13} success {found.success}, at ({found.x[0]:.2f}, {found.x[1]:.2f})")
print("slope is right:", optimize.check_grad(valley, slope, [0.3, -0.7]) < 1e-5)

circle = {"type": "ineq", "fun": lambda p: 0.5 - p[0] ** 2 - p[1] ** 2}
held = optimize.minimize(valley, [0, 0], jac=slope, constraints=[circle], method="SLSQP")
print(f"inside a circle: ({held.x[0]:.3f}, {held.x[1]:.3f}), value {held.fun:.4f}")


def bumpy(p):
    return np.sum(p**2 - 8 * np.cos(2 * np.pi * p)) + 8 * len(p)


best = optimize.differential_evolution(bumpy, [(-4, 4)] * 3, rng=0, tol=1e-8)
print(
    "global minimum near zero:",
    bool(np.allclose(best.x, 0, atol=1e-3)),
    "local search gets",
    f"{optimize.minimize(bumpy, [2.1, -1.1, 0.9]).fun:.1f}",
)

rng = np.random.default_rng(8)
t = np.linspace(0, 5, 60)
y = 3.0 * np.exp(-0.8 * t) + 0.5 + rng.normal(scale=0.05, size=t.size)
values, covariance = optimize.curve_fit(lambda t, a, k, c: a * np.exp(-k * t) + c, t, y, p0=[1, 1, 0])
for name, value, error in zip(("amplitude", "rate", "offset"), values, np.sqrt(np.diag(covariance))):
    print(f"{name:<9} {value:.3f} +- {error:.3f}")
y[::10] += 2.0
robust = optimize.least_squares(lambda p: p[0] * np.exp(-p[1] * t) + p[2] - y, [1, 1, 0], loss="soft_l1", f_scale=0.1)
print("with outliers, robust:", robust.x.round(2).tolist())

print(f"root of cos x - x: {optimize.brentq(lambda x: np.cos(x) - x, 0, 1):.6f}")
both = optimize.root(lambda p: [p[0] ** 2 + p[1] ** 2 - 4, p[0] - np.exp(-p[1])], [1, 1])
print(f"two equations: ({both.x[0]:.4f}, {both.x[1]:.4f})")
plan = optimize.linprog([-40, -30], A_ub=[[1, 1], [2, 1]], b_ub=[40, 60], bounds=[(0, None), (0, 35)])
prices = (-plan.ineqlin.marginals).round(1).tolist()
print(f"linear program: {plan.x.round(2).tolist()}, profit {-plan.fun:.0f}, shadow prices {prices}")
whole = optimize.milp(
    [-5, -4, -3],
    integrality=[1, 1, 1],
    bounds=optimize.Bounds(0, 4),
    constraints=optimize.LinearConstraint([[2, 3, 1], [4, 1, 2]], ub=[10, 11]),
)
print("whole numbers:", whole.x.round().astype(int).tolist(), f"value {-whole.fun:.0f}")
rows, columns = optimize.linear_sum_assignment([[4, 1, 3], [2, 0, 5], [3, 2, 2]])
print("assignment:", columns.tolist())
