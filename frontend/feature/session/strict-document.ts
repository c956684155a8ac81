/**
 * The document, for a library that sets styles as text: the page's policy allows none that was not in it from the
 * start. Its style sheets are made as such, and its style attributes set property by property.
 */
export function strictDocument(): Document {
  return new Proxy(document, {
    get(target, name) {
      if (name === 'createElement')
        return (tag: string) => (tag === 'style' ? sheetElement() : strict(document.createElement(tag)));
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Runs what takes the document that is there, whatever it was given: xterm 6 does for its scroll bar. */
export function withStrictDocument(work: () => void): void {
  const plain = document.createElement;
  document.createElement = ((tag: string) =>
    tag === 'style' ? sheetElement() : plain.call(document, tag)) as typeof plain;
  try {
    work();
  } finally {
    document.createElement = plain;
  }
}

/** An element, and its copies, whose style can be set as an attribute. */
function strict<E extends HTMLElement>(element: E): E {
  element.setAttribute = (name, value) => {
    if (name === 'style') element.style.cssText = value;
    else Element.prototype.setAttribute.call(element, name, value);
  };
  element.cloneNode = (isDeep) => strict(Node.prototype.cloneNode.call(element, isDeep) as E);
  return element;
}

/** Stands for a style element, which the policy would refuse even without a text. */
function sheetElement(): HTMLElement {
  const element = document.createElement('template');
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  Object.defineProperty(element, 'textContent', { set: (text: string) => sheet.replaceSync(text) });
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    Element.prototype.remove.call(element);
  };
  return element;
}

/** The style of a library that comes with its part of the page. */
export function addStyle(text: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  document.adoptedStyleSheets.push(sheet);
}
