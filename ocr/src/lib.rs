//! Turns the bytes of a document into pages of words, and pages of words into a searchable PDF.
//!
//! Promises: the same bytes give the same words; a broken page fails alone; sizes are checked before anything is
//! decoded. Refuses to know: files, network, database, keys, settings, time. One file per stage; [`Pipeline`] is the
//! order in which the stages run.

mod barcodes;
mod confidence;
mod document;
mod encode;
mod engine;
mod error;
mod languages;
mod layout;
mod orientation;
mod own_page;
mod pipeline;
mod prepare;
mod raster;
mod reader;
mod reading;
mod rotation;
mod searchable_pdf;
mod second_reading;
mod tesseract;

pub use document::{Document, Inspector, OpenOptions, PageInspection, Part, Password};
pub use encode::EncodedImage;
pub use engine::{Layout, OcrEngine, Recognition};
pub use error::OcrError;
pub use languages::{LanguageData, Languages};
pub use pipeline::{PageReading, Pipeline};
pub use raster::{Pixels, Raster};
pub use reader::{ReadOptions, Reader};
pub use searchable_pdf::{Making, SearchablePdf, archive_pdf, searchable_pdf};
pub use tesseract::TesseractEngine;
pub use untxt_page::{PageContent, PageKind, Preset, TextMode, Warning, WarningCode, Word};
