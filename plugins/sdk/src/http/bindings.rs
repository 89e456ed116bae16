//! `wasi:http`, as generated from `wit/deps`, in a world of its own: what a plugin does not call leaves no trace in its
//! component here either.

wit_bindgen::generate!({
    path: "../../wit",
    inline: "
        package ml-intern:sdk-http;

        world client {
            import wasi:http/outgoing-handler@0.2.12;
        }
    ",
    world: "ml-intern:sdk-http/client",
    generate_all,
});
