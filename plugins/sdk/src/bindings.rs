//! The contract, as generated from `wit/`.
//!
//! One world with every interface of ours: an interface whose functions a plugin does not call leaves no trace in its
//! component, so each plugin imports exactly what it uses.

wit_bindgen::generate!({
    path: "../../wit",
    inline: "
        package ml-intern:sdk;

        world plugin {
            include ml-intern:plugin/plugin@0.1.0;
            import ml-intern:plugin/progress@0.1.0;
            import ml-intern:plugin/state@0.1.0;
            import ml-intern:plugin/programs@0.1.0;
            import ml-intern:plugin/agents@0.1.0;
            import ml-intern:plugin/models@0.1.0;
            import ml-intern:plugin/notify@0.1.0;
        }
    ",
    world: "ml-intern:sdk/plugin",
    additional_derives: [PartialEq, Eq],
    pub_export_macro: true,
    export_macro_name: "export_component",
    default_bindings_module: "ml_intern_sdk::bindings",
    runtime_path: "::ml_intern_sdk::wit_bindgen::rt",
    generate_all,
});
