declare module '*.css';
declare module '*.css?inline' {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: it is how Vite gives a style as text
  export default text;
}
