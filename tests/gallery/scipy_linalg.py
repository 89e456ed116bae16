# Factorizations: LU, Cholesky, QR, SVD, Schur, matrix functions, special structures and least squares.
import numpy as np
from scipy import linalg

np.set_printoptions(precision=4, suppress=True)
a = np.array([[4.0, 1, 2], [1, 5, 3], [2, 3, 7]])
b = np.array([1.0, 2, 3])
lu, pivots = linalg.lu_factor(a)
print("LU:", linalg.lu_solve((lu, pivots), b), "determinant", round(float(linalg.det(a)), 6))
print("Cholesky:", linalg.cho_solve(linalg.cho_factor(a), b))
lower = linalg.cholesky(a, lower=True)
print(lower)
q, r = linalg.qr(a)
print("QR: orthogonal", bool(np.allclose(q.T @ q, np.eye(3))), "diagonal", np.abs(np.diag(r)))
values = linalg.eigvalsh(a)
print("eigenvalues:", values, "trace", float(np.trace(a)))
u, s, vt = linalg.svd(np.outer([1.0, 2, 3], [1.0, 1]) + np.eye(3, 2))
print("singular values:", s, "rank", int((s > 1e-10).sum()))
print(f"condition of Hilbert(6): {np.linalg.cond(linalg.hilbert(6)):.3g}")

rotation = linalg.expm(np.array([[0, -1.0], [1, 0]]) * np.pi / 6)
print("exponential is a rotation:", rotation.round(4).tolist())
root = linalg.sqrtm(a)
print(
    "square root:",
    bool(np.allclose(root @ root, a)),
    "log of exp:",
    bool(np.allclose(linalg.logm(linalg.expm(a / 5)), a / 5)),
)
t, z = linalg.schur(np.array([[1.0, 2, 0], [0, 3, 4], [5, 0, 6]]))
print("Schur:", bool(np.allclose(z @ t @ z.T, [[1, 2, 0], [0, 3, 4], [5, 0, 6]])))

band = np.array([[0, -1, -1, -1], [2, 2, 2, 2], [-1, -1, -1, 0]], dtype=float)
print("banded:", linalg.solve_banded((1, 1), band, [1, 0, 0, 1]))
print("Toeplitz:", linalg.solve_toeplitz([4, 1, 0.5], [1, 2, 3]))
print("circulant:", linalg.solve_circulant([4, 1, 0.5], [1.0, 2, 3]))
print("blocks:", linalg.block_diag([[1, 2]], [[3], [4]]).tolist())
print("triangular:", linalg.solve_triangular(lower, b, lower=True))

x = np.linspace(0, 1, 30)
design = np.vander(x, 4)
y = 1 - 2 * x + 3 * x**3
solution, residues, rank, _ = linalg.lstsq(design, y)
print("least squares:", solution.round(6) + 0.0, "rank", rank)
print(
    "null space:",
    linalg.null_space([[1.0, 1, 1], [1, 1, 1]]).shape,
    "orthogonal basis:",
    linalg.orth([[1.0, 2], [2, 4]]).shape,
)
pencil = linalg.eigh(a, np.diag([1.0, 2, 3]), eigvals_only=True)
print("generalized eigenvalues:", pencil)
sylvester = linalg.solve_sylvester(a, np.eye(3), np.ones((3, 3)))
print("Sylvester:", bool(np.allclose(a @ sylvester + sylvester, 1)))
lyapunov = linalg.solve_continuous_lyapunov(-a, -np.eye(3))
print(
    "Lyapunov: symmetric",
    bool(np.allclose(lyapunov, lyapunov.T)),
    "positive",
    bool((linalg.eigvalsh(lyapunov) > 0).all()),
)
try:
    linalg.solve(np.ones((2, 2)), [1, 2])
except linalg.LinAlgError as error:
    print("refused:", type(error).__name__)
print("norms:", [float(round(linalg.norm(a, order), 4)) for order in (1, 2, "fro", np.inf)])
