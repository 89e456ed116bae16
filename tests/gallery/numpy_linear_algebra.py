# Linear algebra with arrays only: solving, least squares, projections, powers, stacks of matrices and einsum.
import numpy as np

np.set_printoptions(precision=4, suppress=True)
rng = np.random.default_rng(2)
a = rng.normal(size=(5, 5)) + 5 * np.eye(5)
x = np.arange(1.0, 6.0)
b = a @ x
print("solved:", np.linalg.solve(a, b).round(6))
print(f"determinant {np.linalg.det(a):.2f}, logarithm {np.linalg.slogdet(a)[1]:.4f}, condition {np.linalg.cond(a):.3f}")
print("inverse:", bool(np.allclose(np.linalg.inv(a) @ a, np.eye(5))))

t = np.linspace(0, 1, 20)
design = np.column_stack([np.ones_like(t), t, np.sin(6 * t)])
y = design @ [1.0, -2.0, 0.5] + rng.normal(scale=0.01, size=t.size)
coefficients, residuals, rank, singular = np.linalg.lstsq(design, y)
print("least squares:", coefficients.round(2), "rank", rank, "singular values", singular.round(3))
projector = design @ np.linalg.pinv(design)
print(f"projector: idempotent {np.allclose(projector @ projector, projector)}, trace {np.trace(projector):.3f}")

values, vectors = np.linalg.eigh(a + a.T)
print("eigenvalues:", values.round(3))
print("restored:", bool(np.allclose(vectors * values @ vectors.T, a + a.T)))
u, s, vt = np.linalg.svd(design, full_matrices=False)
approximation = (u[:, :2] * s[:2]) @ vt[:2]
print(f"rank 2: error {np.linalg.norm(design - approximation):.4f} is the third singular value {s[2]:.4f}")

fibonacci = np.linalg.matrix_power(np.array([[1, 1], [1, 0]]), 30)
print("Fibonacci 30:", int(fibonacci[0, 1]))
markov = np.array([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.0, 0.3, 0.7]])
print("in the long run:", np.linalg.matrix_power(markov, 200)[0].round(4))

stack = rng.normal(size=(4, 3, 3))
print("stack: determinants", np.linalg.det(stack).shape, "solved", np.linalg.solve(stack, np.ones((4, 3, 1))).shape)
print("einsum trace:", bool(np.allclose(np.einsum("nii->n", stack), np.trace(stack, axis1=1, axis2=2))))
print("einsum product:", bool(np.allclose(np.einsum("nij,njk->nik", stack, stack), stack @ stack)))
angles = np.radians([0, 30, 90])
turns = np.stack([np.array([[np.cos(r), -np.sin(r)], [np.sin(r), np.cos(r)]]) for r in angles])
print("turned:", (turns @ [1.0, 0.0]).round(4).tolist())
print("cross and dot:", np.cross([1, 0, 0], [0, 1, 0]).tolist(), int(np.dot([1, 2, 3], [4, 5, 6])))
print("outer sum:", np.add.outer([1, 2, 3], [10, 20]).tolist())
polynomial = np.polynomial.Polynomial.fromroots([1, 2, 3])
print(
    "polynomial:",
    polynomial.coef.tolist(),
    "roots",
    polynomial.roots().round(6).tolist(),
    "derivative at 0",
    polynomial.deriv()(0),
)
fit = np.polynomial.Chebyshev.fit(t, np.exp(t), 4)
print("Chebyshev of exp, error below 1e-4:", bool(np.abs(fit(t) - np.exp(t)).max() < 1e-4))
grid_x, grid_y = np.meshgrid(np.arange(3), np.arange(2), indexing="ij")
print("broadcast:", (grid_x * 10 + grid_y).tolist())
q, r = np.linalg.qr(design)
print("QR:", q.shape, r.shape, bool(np.allclose(q.T @ q, np.eye(3))))
print("Kronecker:", np.kron([1, 2], [[1, 0], [0, 1]]).tolist())
