# Ways and flows in networks: shortest paths, spanning trees, cuts, maximum flow, orders of tasks, matching, colouring.
import networkx as nx

roads = nx.Graph()
roads.add_weighted_edges_from(
    [
        ("Ash", "Birch", 7), ("Ash", "Cedar", 3), ("Birch", "Cedar", 1), ("Birch", "Dale", 2), ("Cedar", "Dale", 8),
        ("Dale", "Elm", 4), ("Elm", "Fern", 2), ("Fern", "Gorse", 3), ("Elm", "Gorse", 6), ("Dale", "Gorse", 11),
    ],
    weight="km",
)  # fmt: skip
print("towns:", roads.number_of_nodes(), "roads:", roads.number_of_edges(), f"density {nx.density(roads):.3f}")
length, way = nx.single_source_dijkstra(roads, "Ash", "Gorse", weight="km")
print("shortest:", length, way, "fewest roads:", nx.shortest_path_length(roads, "Ash", "Gorse"))
print("from Cedar:", dict(sorted(nx.single_source_dijkstra_path_length(roads, "Cedar", weight="km").items())))
tree = nx.minimum_spanning_tree(roads, weight="km")
print("spanning tree:", int(tree.size(weight="km")), "km in", tree.number_of_edges(), "roads", nx.is_tree(tree))
print("bridges:", list(nx.bridges(roads)), "cut towns:", sorted(nx.articulation_points(roads)))
print("diameter:", nx.diameter(roads), "centre:", sorted(nx.center(roads)))

pipes = nx.DiGraph()
for source, target, capacity in [("s", "a", 10), ("s", "b", 5), ("a", "b", 15), ("a", "t", 6), ("b", "t", 9)]:
    pipes.add_edge(source, target, capacity=capacity)
value, flow = nx.maximum_flow(pipes, "s", "t")
cut, (side, _) = nx.minimum_cut(pipes, "s", "t")
print("flow:", value, "through b:", flow["b"]["t"], "cut:", cut, sorted(side))

steps = [("design", "build"), ("design", "write"), ("build", "test"), ("write", "test"), ("test", "ship")]
tasks = nx.DiGraph(steps)
print("order:", list(nx.lexicographical_topological_sort(tasks)))
print("longest chain:", nx.dag_longest_path_length(tasks), "before test:", sorted(nx.ancestors(tasks, "test")))
tasks.add_edge("ship", "design")
print("with a cycle:", nx.is_directed_acyclic_graph(tasks), len(nx.find_cycle(tasks)))

workers = nx.Graph([("ann", 1), ("ann", 2), ("bob", 1), ("cat", 2), ("cat", 3)])
matching = nx.bipartite.maximum_matching(workers, top_nodes=["ann", "bob", "cat"])
print("matching:", {name: matching[name] for name in ("ann", "bob", "cat")})
petersen = nx.petersen_graph()
colours = nx.greedy_color(petersen, strategy="DSATUR")
print("colours:", max(colours.values()) + 1, "proper:", all(colours[a] != colours[b] for a, b in petersen.edges))
grid = nx.grid_2d_graph(4, 5)
print("ways through a grid:", sum(1 for _ in nx.all_shortest_paths(grid, (0, 0), (3, 4))))
print("planar:", nx.check_planarity(nx.complete_graph(5))[0], nx.check_planarity(grid)[0])
square = grid.subgraph([(0, 0), (0, 1), (1, 0), (1, 1)])
print("a square is a cycle:", nx.is_isomorphic(nx.cycle_graph(4), square))
nx.write_graphml(roads, "roads.graphml")
back = nx.read_graphml("roads.graphml")
print("read back:", back["Ash"]["Cedar"], back.edges == roads.edges)
print("as a matrix:", nx.to_numpy_array(roads, weight="km")[0].astype(int).tolist())
