# A social network: who is central, communities, clustering, cores, random graphs and the spread of a rumour.
import networkx as nx
import numpy as np

club = nx.karate_club_graph()
print("members:", len(club), "ties:", club.size(), "degrees:", sorted((d for _, d in club.degree), reverse=True)[:5])
measures = {
    "degree": nx.degree_centrality(club),
    "between": nx.betweenness_centrality(club),
    "close": nx.closeness_centrality(club),
    "eigenvector": nx.eigenvector_centrality(club, weight=None),
}
for name, values in measures.items():
    first = sorted(values, key=lambda member: (-round(values[member], 9), member))[:3]
    print(f"  {name:<12} {first} {values[first[0]]:.3f}")
rank = nx.pagerank(club, weight=None)
print("page rank:", sorted(rank, key=rank.get, reverse=True)[:2], f"{sum(rank.values()):.3f}")

groups = nx.community.greedy_modularity_communities(club, weight=None)
modularity = nx.community.modularity(club, groups, weight=None)
print("communities:", [len(group) for group in groups], f"modularity {modularity:.2f}")
parts = next(nx.community.girvan_newman(club))
clubs = [club.nodes[member]["club"] for member in sorted(parts[0])]
print("cut in two:", sorted(len(part) for part in parts), "of one club:", f"{clubs.count(clubs[0]) / len(clubs):.2f}")
print(f"clustering: {nx.average_clustering(club):.3f}", "triangles:", sum(nx.triangles(club).values()) // 3)
print(
    "cores:",
    np.bincount(list(nx.core_number(club).values())).tolist(),
    "largest clique:",
    max(map(len, nx.find_cliques(club))),
)
print(f"mean distance: {nx.average_shortest_path_length(club):.3f}")
print(f"assortativity: {nx.degree_assortativity_coefficient(club):.3f}")
spectrum = np.sort(nx.laplacian_spectrum(club, weight=None))
print("Laplacian:", abs(spectrum[0]) < 1e-9, spectrum[1:3].round(3).tolist())

graphs = {
    "random": nx.gnm_random_graph(300, 900, seed=1),
    "small world": nx.watts_strogatz_graph(300, 6, 0.1, seed=1),
    "preferential": nx.barabasi_albert_graph(300, 3, seed=1),
}
for name, graph in graphs.items():
    degrees = [degree for _, degree in graph.degree]
    largest = max(nx.connected_components(graph), key=len)
    clustering = nx.average_clustering(graph)
    print(f"{name:<12} clustering {clustering:.2f}, largest degree {max(degrees)}, together {len(largest)}")


def rumour(graph, chance, seed):
    """How many hear it, where each tells each neighbour with a chance."""
    rng = np.random.default_rng(seed)
    heard, new = {0}, [0]
    while new:
        told = [other for member in new for other in sorted(graph[member]) if rng.random() < chance]
        new = sorted(set(told) - heard)
        heard.update(new)
    return len(heard)


for chance in (0.05, 0.2, 0.5):
    print(
        f"rumour at {chance}:",
        [int(np.mean([rumour(graph, chance, s) for s in range(20)])) for graph in graphs.values()],
    )
