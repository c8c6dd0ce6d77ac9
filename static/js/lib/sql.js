/** Color SQL in code blocks: keywords, texts, {name:Type} parameters, comments. */

const WORDS = 'select|from|where|group by|order by|having|limit|offset|with|as|and|or|not|in|is|null|between|join|left|inner|on|using|union all|distinct|case|when|then|else|end|asc|desc|settings|prewhere|array join|final|interval|if|count|sum|avg|min|max|uniq|uniqexact|toStartOfDay';
const TOKENS = new RegExp(`(?<comment>--[^\\n]*)|(?<str>'(?:[^'\\\\]|\\\\.)*')|(?<param>\\{\\w+:[^}]+\\})|\\b(?<kw>${WORDS})\\b`, 'gi');

export function highlight(code) {
  const text = code.textContent;
  const parts = [];
  let last = 0;
  for (const match of text.matchAll(TOKENS)) {
    parts.push(text.slice(last, match.index));
    const span = document.createElement('span');
    span.className = Object.keys(match.groups).find((name) => match.groups[name]);
    span.textContent = match[0];
    parts.push(span);
    last = match.index + match[0].length;
  }
  code.replaceChildren(...parts, text.slice(last));
  code.dataset.highlighted = 'yes';
}
