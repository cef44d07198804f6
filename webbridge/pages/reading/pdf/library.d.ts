/** Types of pdf.js. Only the functions that the worker uses are typed. */

declare module "*/pdf.worker.mjs";

declare module "*/pdf.mjs" {
  export interface Viewport { width: number; height: number }
  export interface PdfPage {
    getViewport(options: { scale: number }): Viewport;
    render(options: object): { promise: Promise<void> };
    getTextContent(): Promise<{ items: { str?: string; hasEOL?: boolean }[] }>;
    cleanup(): boolean;
  }
  export interface PdfDocument {
    numPages: number;
    getPage(number: number): Promise<PdfPage>;
  }
  export const AnnotationMode: { ENABLE: number };
  export function getDocument(options: object): { promise: Promise<PdfDocument> };
}

declare module "*.pfb" {
  const bytes: Uint8Array;
  export default bytes;
}

declare module "*.wasm" {
  const bytes: Uint8Array;
  export default bytes;
}
