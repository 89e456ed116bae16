# Sparse matrices and graphs: formats, a Poisson problem, eigenvalues, shortest paths, components, trees and page rank.
import numpy as np
from scipy import sparse
from scipy.sparse import csgraph
from scipy.sparse import linalg as sla

n = 24
second = sparse.diags_array([-1, 2, -1], offsets=[-1, 0, 1], shape=(n, n), dtype=float)
laplace = (sparse.kron(second, sparse.eye_array(n)) + sparse.kron(sparse.eye_array(n), second)).tocsc()
print(f"Poisson: {laplace.shape}, {laplace.nnz} stored, {laplace.nnz / np.prod(laplace.shape):.4f} of all")
b = np.ones(n * n) / (n + 1) ** 2
direct = sla.spsolve(laplace, b)
print(f"solved: largest value {direct.max():.5f}, residual below 1e-10: {np.abs(laplace @ direct - b).max() < 1e-10}")
steps = []
iterated, info = sla.cg(laplace, b, rtol=1e-10, callback=steps.append)
print(
    "conjugate gradients:",
    info,
    "agree:",
    bool(np.allclose(iterated, direct, atol=1e-8)),
    "steps below 100:",
    len(steps) < 100,
)
ilu = sla.spilu(laplace, drop_tol=1e-3)
few = []
sla.cg(laplace, b, rtol=1e-10, M=sla.LinearOperator(laplace.shape, ilu.solve), callback=few.append)
print("a preconditioner saves half:", len(few) < len(steps) / 2)
smallest = sla.eigsh(laplace, 3, sigma=0, return_eigenvectors=False)
exact = [4 - 2 * np.cos(np.pi * i / (n + 1)) - 2 * np.cos(np.pi * j / (n + 1)) for i, j in ((1, 1), (1, 2), (2, 1))]
print(
    "eigenvalues:",
    np.sort(smallest).round(5).tolist(),
    "as they should be:",
    bool(np.allclose(np.sort(smallest), sorted(exact))),
)

coo = sparse.coo_array(([1.0, 2.0, 3.0], ([0, 2, 0], [1, 0, 1])), shape=(3, 3))
print("duplicates add up:", coo.tocsr().toarray().tolist())
lil = sparse.lil_array((3, 3))
lil[0, :2] = [5, 6]
print("rows:", lil.tocsr().indptr.tolist(), "transposed product:", (lil.T @ lil).toarray().astype(int).tolist())

edges = [(0, 1, 4), (0, 2, 1), (2, 1, 2), (1, 3, 5), (2, 3, 8), (4, 5, 1)]
graph = sparse.csr_array(([w for *_, w in edges], ([a for a, *_ in edges], [b for _, b, _ in edges])), shape=(6, 6))
distance, before = csgraph.dijkstra(graph, indices=0, return_predecessors=True)
path = [3]
while path[-1] != 0:
    path.append(int(before[path[-1]]))
print("from 0:", distance.tolist(), "way to 3:", path[::-1])
count, labels = csgraph.connected_components(graph, directed=False)
print("components:", count, labels.tolist())
tree = csgraph.minimum_spanning_tree(graph)
print(f"spanning tree: weight {tree.sum():.0f}, edges {tree.nnz}")
print("all pairs:", csgraph.floyd_warshall(graph, directed=False)[3, :4].tolist())
flow = csgraph.maximum_flow(sparse.csr_array(graph.astype(np.int32)), 0, 3)
print("flow from 0 to 3:", flow.flow_value)

links = sparse.csr_array(np.array([[0, 1, 1, 0], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 1, 0]], dtype=float))
move = (sparse.diags_array(1 / links.sum(axis=1)) @ links).T
rank = np.full(4, 0.25)
for _ in range(100):
    rank = 0.85 * (move @ rank) + 0.15 / 4
print("page rank:", rank.round(4).tolist())
