# Exact mathematics: algebra, limits, derivatives, integrals, series, equations, matrices and code from formulas.
import sympy as sp
from sympy import Eq, Function, I, Matrix, Rational, exp, oo, pi, sin, sqrt, symbols

x, y, t = symbols("x y t")
a, b = symbols("a b", positive=True)
n = symbols("n", integer=True, positive=True)

print("expanded:", sp.expand((x + y) ** 3))
print("factored:", sp.factor(x**4 - 5 * x**2 + 4))
print("simplified:", sp.simplify((x**2 - 1) / (x - 1)), sp.trigsimp(sp.sin(x) ** 2 + sp.cos(x) ** 2))
print("partial fractions:", sp.apart((3 * x + 5) / (x**2 + 4 * x + 3)))
print("limits:", sp.limit(sin(3 * x) / x, x, 0), sp.limit((1 + 1 / x) ** x, x, oo))
print("derivative:", sp.diff(x**2 * exp(-x), x).factor())
print("integral:", sp.integrate(x * exp(-x), (x, 0, oo)), sp.integrate(1 / (1 + x**2), (x, -oo, oo)))
print("antiderivative:", sp.integrate(x * sp.log(x), x))
print("series:", sp.series(sp.exp(x) * sp.cos(x), x, 0, 5))
print("sums:", sp.factor(sp.summation(n**2, (n, 1, t))), sp.summation(1 / n**2, (n, 1, oo)))

print("roots:", sp.solve(x**3 - 6 * x**2 + 11 * x - 6, x))
print("complex:", sp.solve(x**2 + x + 1, x))
print("system:", sp.solve([Eq(x + y, 5), Eq(x * y, 6)], [x, y]))
print("inequality:", sp.solve_univariate_inequality(x**2 - 4 < 0, x, relational=False))
f = Function("f")
print("differential equation:", sp.dsolve(Eq(f(t).diff(t, 2) + 4 * f(t), 0), f(t)).rhs)
print("with a start:", sp.dsolve(f(t).diff(t) + 2 * f(t) - 1, f(t), ics={f(0): 0}).rhs)

m = Matrix([[2, 1, 0], [1, 3, 1], [0, 1, 2]])
print("determinant:", m.det(), "inverse row:", list(m.inv().row(0)))
print("eigenvalues:", dict(sorted(m.eigenvals().items())))
print("rank and kernel:", Matrix([[1, 2], [2, 4]]).rank(), list(Matrix([[1, 2], [2, 4]]).nullspace()[0]))
print("Taylor of two variables:", sp.hessian(x**2 * y + y**3, (x, y)).subs({x: 1, y: 2}).tolist())
print("exact:", Rational(1, 3) + Rational(1, 6), sqrt(8), sp.nsimplify(0.125), (1 + I) ** 4)
print("digits:", pi.evalf(30), sp.sqrt(2).evalf(20))
print("primes:", list(sp.primerange(90, 120)), sp.factorint(2**32 - 1), sp.gcd(84, 126))
print("LaTeX:", sp.latex(sp.Integral(sqrt(a / b), (x, 0, 1))))
area = sp.lambdify((a, b), pi * a * b, "math")
print(f"as a function: {area(2, 3):.6f}")
print("C:", sp.ccode(x**2 + sp.Piecewise((sp.sin(x), x > 0), (0, True))).splitlines()[0])
gradient = [sp.diff(sp.log(a) * b**2, v) for v in (a, b)]
print("gradient:", gradient, "at (1, 2):", [g.subs({a: 1, b: 2}) for g in gradient])
print("Fourier:", sp.fourier_series(x, (x, -pi, pi)).truncate(3))
