//! Rust types of the contract in `wit/`, generated.

/// What the host provides to plugins, and what it calls in them.
pub(crate) mod plugin {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "ml-intern:plugin/host",
        imports: { default: async | trappable },
        exports: { default: async },
    });
}

/// What the host calls in a program image.
pub(crate) mod program {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "ml-intern:plugin/program",
        imports: { default: trappable },
        exports: { default: async },
    });
}
