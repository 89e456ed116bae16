//! Makes a component of a `wasm32-wasip1` reactor that exports `turn` and `host_alloc`.
//!
//! The core module keeps its code byte for byte. One function is added, `cabi_realloc(_, _, _, size) = host_alloc(size)`,
//! which is how the component model hands a string to the guest; with it the canonical lowering of
//! `turn: func(code: string) -> s32` is the signature that the module already has. Exports that nobody calls, and all
//! custom sections, are left out. WASI preview 1 is served by the runtime's own reactor adapter.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, Encode as _, ExportKind, ExportSection, Function, FunctionSection, Module,
    RawSection,
};
use wasmparser::{CompositeInnerType, Parser, Payload, TypeRef, ValType};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The world that the component is made for.
const WORLD: &str = include_str!("../../../../wit/program.wit");

/// Exports of the core module that the component uses.
const KEPT: [&str; 3] = ["memory", "turn", "_initialize"];

/// Why a module could not be made a component.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The module does not parse.
    #[error("the module is not valid WebAssembly: {0}")]
    Invalid(#[from] wasmparser::BinaryReaderError),
    /// Something that the method rests on is not there.
    #[error("the module has no {0}")]
    Missing(&'static str),
    /// It could not be written again.
    #[error("the module could not be rewritten: {0}")]
    Rewrite(String),
    /// The component could not be made.
    #[error("the component could not be encoded: {0}")]
    Encode(String),
}

/// What the rewriting needs to know about a module.
struct Facts {
    /// A function type `(i32, i32, i32, i32) -> i32`.
    realloc: u32,
    /// Functions, imported ones included.
    functions: u32,
    /// The index of `host_alloc`.
    alloc: u32,
}

fn facts(wasm: &[u8]) -> Result<Facts, EncodeError> {
    let (mut realloc, mut imported, mut defined, mut alloc) = (None, 0, 0, None);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::TypeSection(types) => {
                let mut index = 0;
                for group in types {
                    for ty in group?.into_types() {
                        if let CompositeInnerType::Func(function) = &ty.composite_type.inner
                            && function.params() == [ValType::I32; 4]
                            && function.results() == [ValType::I32]
                        {
                            realloc.get_or_insert(index);
                        }
                        index += 1;
                    }
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    if let TypeRef::Func(_) = import?.ty {
                        imported += 1;
                    }
                }
            }
            Payload::FunctionSection(functions) => defined = functions.count(),
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    if export.name == "host_alloc" {
                        alloc = Some(export.index);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(Facts {
        realloc: realloc.ok_or(EncodeError::Missing(
            "function type (i32, i32, i32, i32) -> i32",
        ))?,
        functions: imported + defined,
        alloc: alloc.ok_or(EncodeError::Missing("export host_alloc"))?,
    })
}

/// The module with `cabi_realloc`, and without what the component does not use.
fn rewrite(wasm: &[u8]) -> Result<Vec<u8>, EncodeError> {
    let facts = facts(wasm)?;
    let part = |range: std::ops::Range<usize>| wasm.get(range).unwrap_or_default();
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        match &payload {
            Payload::ExportSection(exports) => {
                let mut section = ExportSection::new();
                for export in exports.clone() {
                    let export = export?;
                    if KEPT.contains(&export.name) {
                        let kind = RoundtripReencoder
                            .export_kind(export.kind)
                            .map_err(|error| EncodeError::Rewrite(error.to_string()))?;
                        section.export(export.name, kind, export.index);
                    }
                }
                section.export("cabi_realloc", ExportKind::Func, facts.functions);
                module.section(&section);
            }
            Payload::FunctionSection(functions) => {
                let mut section = FunctionSection::new();
                for ty in functions.clone() {
                    section.function(ty?);
                }
                section.function(facts.realloc);
                module.section(&section);
            }
            Payload::CodeSectionStart { range, count, .. } => {
                let mut bodies = part(range.clone());
                // The count in front is written anew.
                while let [byte, rest @ ..] = bodies {
                    bodies = rest;
                    if byte & 0x80 == 0 {
                        break;
                    }
                }
                let mut data = Vec::with_capacity(bodies.len() + 32);
                (count + 1).encode(&mut data);
                data.extend_from_slice(bodies);
                let mut realloc = Function::new([]);
                realloc.instructions().local_get(3).call(facts.alloc).end();
                realloc.encode(&mut data);
                let id = wasm_encoder::Section::id(&CodeSection::new());
                module.section(&RawSection { id, data: &data });
            }
            Payload::CodeSectionEntry(_) | Payload::CustomSection(_) => {}
            other => {
                if let Some((id, range)) = other.as_section() {
                    module.section(&RawSection {
                        id,
                        data: part(range),
                    });
                }
            }
        }
    }
    Ok(module.finish())
}

/// Makes the component.
///
/// # Errors
///
/// See [`EncodeError`].
pub fn componentize(wasm: &[u8]) -> Result<Vec<u8>, EncodeError> {
    let mut module = rewrite(wasm)?;
    let encode = |error: String| EncodeError::Encode(error);
    let mut resolve = Resolve::default();
    let text = format!("package ml-intern:image@0.1.0;\n{WORLD}");
    let package = resolve
        .push_str("program.wit", &text)
        .map_err(|error| encode(format!("{error:#}")))?;
    let world = resolve
        .select_world(&[package], Some("program"))
        .map_err(|error| encode(format!("{error:#}")))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .map_err(|error| encode(format!("{error:#}")))?;
    drop(resolve);
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|encoder| {
            encoder.adapter(
                WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
                WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
            )
        })
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| encode(format!("{error:#}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest reactor that the method takes.
    fn reactor(with_alloc: bool) -> Vec<u8> {
        use wasm_encoder::*;
        let mut types = TypeSection::new();
        types.ty().function([ValType::I32], [ValType::I32]);
        types
            .ty()
            .function([ValType::I32, ValType::I32], [ValType::I32]);
        types.ty().function([ValType::I32; 4], [ValType::I32]);
        let mut imports = ImportSection::new();
        imports.import("host", "call", EntityType::Function(2));
        let mut functions = FunctionSection::new();
        functions.function(0);
        functions.function(1);
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut exports = ExportSection::new();
        exports.export("memory", ExportKind::Memory, 0);
        if with_alloc {
            exports.export("host_alloc", ExportKind::Func, 1);
        }
        exports.export("turn", ExportKind::Func, 2);
        exports.export("unused", ExportKind::Func, 2);
        let mut code = CodeSection::new();
        for value in [1024, 7] {
            let mut body = Function::new([]);
            body.instructions().i32_const(value).end();
            code.function(&body);
        }
        let mut module = Module::new();
        module
            .section(&types)
            .section(&imports)
            .section(&functions)
            .section(&memories);
        module.section(&exports).section(&code);
        module.finish()
    }

    #[test]
    fn a_reactor_becomes_a_component() {
        let component = componentize(&reactor(true)).unwrap();
        assert!(Parser::is_component(&component));
        assert_eq!(
            component,
            componentize(&reactor(true)).unwrap(),
            "the same bytes each time"
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(
            componentize(&reactor(false)).unwrap_err().to_string(),
            "the module has no export host_alloc"
        );
        assert!(
            componentize(b"\0asm\x01\0\0")
                .unwrap_err()
                .to_string()
                .starts_with("the module is not valid WebAssembly"),
        );
    }
}
