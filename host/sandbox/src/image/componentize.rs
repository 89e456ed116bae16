//! Makes a component of a `wasm32-wasip1` reactor that exports `turn` and `host_alloc`, and has a door to its embedder.
//!
//! What changes in the core module:
//!
//! | the module has | the component needs | so |
//! |---|---|---|
//! | `host_alloc(size)` | `cabi_realloc(_, _, _, size)` | one function that calls the other |
//! | import `host.call(request, length, response_out, length_out) -> status`, which allocates in the guest | `host.call(request, length, result)`, the canonical form of `call: func(request: list<u8>) -> list<u8>` | the import takes that form, and what called it calls a function that translates |
//! | exports that nobody calls, custom sections | | are left out |
//!
//! With these the canonical lowering of `turn: func(line: string) -> s32` is the signature that the module already has.
//! WASI preview 1 is served by the runtime's own reactor adapter.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, ImportSection, MemArg, Module, TypeSection,
    ValType,
};
use wasmparser::{Parser, Payload, TypeRef};
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

/// What the rewriting needs to know about a module. Indices count imports first, as everywhere in WebAssembly.
#[derive(Debug)]
struct Facts {
    types: u32,
    functions: u32,
    globals: u32,
    /// The function `host_alloc`.
    alloc: u32,
    /// The imported function `host.call`.
    door: u32,
}

fn facts(wasm: &[u8]) -> Result<Facts, EncodeError> {
    let (mut types, mut functions, mut globals) = (0, 0, 0);
    let (mut alloc, mut door) = (None, None);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::TypeSection(section) => {
                for group in section {
                    types += u32::try_from(group?.into_types().count()).unwrap_or(u32::MAX);
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    match import.ty {
                        TypeRef::Func(_) => {
                            if (import.module, import.name) == ("host", "call") {
                                door = Some(functions);
                            }
                            functions += 1;
                        }
                        TypeRef::Global(_) => globals += 1,
                        _ => {}
                    }
                }
            }
            Payload::FunctionSection(section) => functions += section.count(),
            Payload::GlobalSection(section) => globals += section.count(),
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
        types,
        functions,
        globals,
        alloc: alloc.ok_or(EncodeError::Missing("export host_alloc"))?,
        door: door.ok_or(EncodeError::Missing("import host.call"))?,
    })
}

/// Copies a module with the changes that the table above names.
struct Rewriter {
    facts: Facts,
}

impl Rewriter {
    /// `(i32, i32, i32) -> ()`, and `(i32, i32, i32, i32) -> i32`.
    fn door_type(&self) -> u32 {
        self.facts.types
    }
    fn four_type(&self) -> u32 {
        self.facts.types + 1
    }
    fn realloc(&self) -> u32 {
        self.facts.functions
    }
    fn translator(&self) -> u32 {
        self.facts.functions + 1
    }

    /// `cabi_realloc(_, _, _, size)`. Only lists of bytes and strings come in, so alignment does not matter.
    fn realloc_body(&self) -> Function {
        let mut body = Function::new([]);
        let alloc = self.facts.alloc;
        body.instructions().local_get(3).call(alloc).end();
        body
    }

    /// `host.call` as the module knows it, in terms of the canonical one. The result area is allocated once.
    fn translator_body(&self) -> Function {
        let (result, word) = (self.facts.globals, |offset| MemArg {
            offset,
            align: 2,
            memory_index: 0,
        });
        let mut body = Function::new([]);
        body.instructions()
            .global_get(result)
            .i32_eqz()
            .if_(BlockType::Empty)
            .i32_const(8)
            .call(self.facts.alloc)
            .global_set(result)
            .end()
            .local_get(0)
            .local_get(1)
            .global_get(result)
            .call(self.facts.door)
            .local_get(2)
            .global_get(result)
            .i32_load(word(0))
            .i32_store(word(0))
            .local_get(3)
            .global_get(result)
            .i32_load(word(4))
            .i32_store(word(0))
            .i32_const(0)
            .end();
        body
    }
}

/// Nothing of our own can go wrong while a module is copied.
type Copied<T = ()> = Result<T, Error<std::convert::Infallible>>;

impl Reencode for Rewriter {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Copied<u32> {
        Ok(if function == self.facts.door {
            self.translator()
        } else {
            function
        })
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Copied {
        utils::parse_type_section(self, types, section)?;
        types.ty().function([ValType::I32; 3], []);
        types.ty().function([ValType::I32; 4], [ValType::I32]);
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Copied {
        for import in section.into_imports() {
            let import = import.map_err(Error::ParseError)?;
            if (import.module, import.name) == ("host", "call") {
                imports.import("host", "call", EntityType::Function(self.door_type()));
            } else {
                self.parse_import(imports, import)?;
            }
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Copied {
        utils::parse_function_section(self, functions, section)?;
        functions.function(self.four_type());
        functions.function(self.four_type());
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Copied {
        utils::parse_global_section(self, globals, section)?;
        let pointer = GlobalType {
            val_type: ValType::I32,
            mutable: true,
            shared: false,
        };
        globals.global(pointer, &ConstExpr::i32_const(0));
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Copied {
        for export in section {
            let export = export.map_err(Error::ParseError)?;
            if KEPT.contains(&export.name) {
                utils::parse_export(self, exports, export)?;
            }
        }
        exports.export("cabi_realloc", ExportKind::Func, self.realloc());
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Copied {
        utils::parse_code_section(self, code, section)?;
        code.function(&self.realloc_body());
        code.function(&self.translator_body());
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        _module: &mut Module,
        _section: wasmparser::CustomSectionReader<'_>,
    ) -> Copied {
        Ok(())
    }
}

/// The module in the form that the component's encoding expects.
fn rewrite(wasm: &[u8]) -> Result<Vec<u8>, EncodeError> {
    let mut rewriter = Rewriter {
        facts: facts(wasm)?,
    };
    let mut module = Module::new();
    rewriter
        .parse_core_module(&mut module, Parser::new(0), wasm)
        .map_err(|error| EncodeError::Rewrite(error.to_string()))?;
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
        let mut globals = GlobalSection::new();
        let pointer = GlobalType {
            val_type: ValType::I32,
            mutable: true,
            shared: false,
        };
        globals.global(pointer, &ConstExpr::i32_const(1024));
        let mut module = Module::new();
        module
            .section(&types)
            .section(&imports)
            .section(&functions)
            .section(&memories)
            .section(&globals);
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
