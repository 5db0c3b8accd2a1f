// The script of a profile's page: figures of what is pointed at, kinds that are chosen, and the timeline. Everything it
// writes into the page is text, never markup.

extension ProfilePage {
  static let script = #"""
    'use strict';
    const data = JSON.parse(document.getElementById('data').textContent);
    const tip = document.getElementById('tip');
    const reduced = (low, value, high) => Math.max(low, Math.min(high, value));

    function show(lines, x, y) {
      tip.replaceChildren();
      lines.forEach((line, index) => {
        const part = document.createElement(index ? 'span' : 'b');
        part.textContent = line;
        tip.append(part, index ? document.createElement('br') : '');
      });
      tip.hidden = false;
      const box = tip.getBoundingClientRect();
      tip.style.left = reduced(4, x + 14, innerWidth - box.width - 4) + 'px';
      tip.style.top = (y + 18 + box.height > innerHeight ? Math.max(4, y - box.height - 12) : y + 18) + 'px';
    }
    const hide = () => { tip.hidden = true; };
    const texts = index => {
      const [name, place, , numbers] = data.operations[index];
      return [name, place].concat(numbers.split(' · '));
    };

    // Marks: pointed at, or walked through with the arrow keys in the order of their time.
    for (const picture of document.querySelectorAll('svg.marks')) {
      const marks = [...picture.querySelectorAll('.mark')];
      let current = 0;
      for (const mark of marks) {
        const title = mark.querySelector('title');
        mark.setAttribute('role', 'img');
        mark.setAttribute('aria-label', title.textContent);
        title.remove();
      }
      if (marks.length) marks[0].setAttribute('tabindex', '0');
      const at = mark => {
        const box = mark.getBoundingClientRect();
        show(texts(+mark.dataset.op), box.left + box.width / 2, box.top + box.height / 2);
      };
      picture.addEventListener('pointermove', event => {
        const mark = event.target.closest('.mark');
        if (mark) show(texts(+mark.dataset.op), event.clientX, event.clientY); else hide();
      });
      picture.addEventListener('pointerleave', hide);
      picture.addEventListener('focusin', event => {
        const mark = event.target.closest('.mark');
        if (!mark) return;
        marks[current].setAttribute('tabindex', '-1');
        current = marks.indexOf(mark);
        mark.setAttribute('tabindex', '0');
        at(mark);
      });
      picture.addEventListener('focusout', hide);
      picture.addEventListener('keydown', event => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        const next = event.key === 'Home' ? 0 : event.key === 'End' ? marks.length - 1
          : step ? reduced(0, current + step, marks.length - 1) : -1;
        if (event.key === 'Escape') hide();
        if (next < 0 || !marks.length) return;
        event.preventDefault();
        marks[next].focus({ preventScroll: true });
      });
    }

    // Kinds: one at a time stands out in all pictures.
    let chosen = -1;
    for (const button of document.querySelectorAll('[data-kind]')) {
      button.addEventListener('click', () => {
        chosen = chosen === +button.dataset.kind ? -1 : +button.dataset.kind;
        for (const other of document.querySelectorAll('[data-kind]'))
          other.setAttribute('aria-pressed', String(+other.dataset.kind === chosen));
        document.body.classList.toggle('pale', chosen >= 0);
        for (const mark of document.querySelectorAll('.mark'))
          mark.classList.toggle('chosen', data.operations[+mark.dataset.op][2] === chosen);
        draw();
      });
    }

    // The timeline: rows of spans, each [start, end, operation], in the order of time.
    const canvas = document.getElementById('timeline');
    const rows = new Map();
    for (let i = 0; i < data.spans.length; i += 4) {
      const [thread, start, length, operation] = data.spans.slice(i, i + 4);
      if (!rows.has(thread)) rows.set(thread, []);
      rows.get(thread).push([start, start + length, operation]);
    }
    const threads = [...rows.keys()].sort((a, b) => a - b);
    for (const spans of rows.values()) spans.sort((a, b) => a[0] - b[0]);
    let first = Infinity, last = -Infinity;
    for (const spans of rows.values())
      for (const span of spans) { first = Math.min(first, span[0]); last = Math.max(last, span[1]); }
    if (!(last > first)) last = first + 1;
    let from = first, to = last;
    let row = 0, place = -1;
    const gutter = 74, axis = 24;
    const rowHeight = threads.length > 24 ? 12 : 24;

    function duration(time) {
      const units = [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs'], [1, 'ns']];
      const [unit, name] = units.find(([unit]) => time >= unit) || units[3];
      return +(time / unit).toPrecision(4) + ' ' + name;
    }
    const perPixel = () => (to - from) / Math.max(1, canvas.clientWidth - gutter);
    const px = time => gutter + (time - from) / perPixel();
    // The first span that ends after a time; spans of a thread do not overlap.
    function firstAfter(spans, time) {
      let low = 0, high = spans.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (spans[middle][1] > time) high = middle; else low = middle + 1;
      }
      return low;
    }

    function draw() {
      if (!canvas) return;
      const width = canvas.clientWidth, height = threads.length * rowHeight + axis;
      const ratio = devicePixelRatio || 1;
      canvas.style.height = height + 'px';
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      const style = getComputedStyle(document.documentElement);
      const colour = name => style.getPropertyValue(name).trim();
      const kinds = Array.from({ length: 9 }, (_, index) => colour('--k' + index));
      const wait = colour('--wait'), ink = colour('--ink'), faint = colour('--faint'), grid = colour('--grid');
      const pen = canvas.getContext('2d');
      pen.scale(ratio, ratio);
      pen.fillStyle = colour('--page');
      pen.fillRect(0, 0, width, height);
      pen.font = '12px system-ui, sans-serif';
      pen.textBaseline = 'middle';
      // Ticks: 1, 2 or 5 times a power of ten, at least 110 pixels apart.
      const least = perPixel() * 110;
      const power = 10 ** Math.floor(Math.log10(least));
      const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= least) || 10 * power;
      for (let tick = Math.ceil((from - first) / step) * step; tick + first <= to; tick += step) {
        const x = px(tick + first);
        pen.fillStyle = grid;
        pen.fillRect(x, 0, 1, height - axis + 4);
        pen.fillStyle = faint;
        pen.textAlign = x > width - 40 ? 'right' : 'center';
        pen.fillText(tick ? duration(tick) : '0', Math.min(x, width - 4), height - axis / 2);
      }
      threads.forEach((thread, index) => {
        const top = index * rowHeight;
        const spans = rows.get(thread);
        for (let i = firstAfter(spans, from); i < spans.length && spans[i][0] < to; i++) {
          const [start, end, operation] = spans[i];
          const left = Math.max(gutter, px(start)), right = Math.min(width, px(end));
          const isPale = chosen >= 0 && (operation < 0 || data.operations[operation][2] !== chosen);
          pen.globalAlpha = isPale ? 0.15 : 1;
          pen.fillStyle = operation < 0 ? wait : kinds[data.operations[operation][2]];
          // A gap of a pixel parts spans that are wide enough.
          const gap = right - left > 4 ? 1 : 0;
          pen.fillRect(left, top + 2, Math.max(0.3, right - left - gap), rowHeight - 3);
          if (index === row && i === place) {
            pen.globalAlpha = 1;
            pen.strokeStyle = ink;
            pen.lineWidth = 2;
            pen.strokeRect(left, top + 2, Math.max(2, right - left), rowHeight - 3);
          }
        }
        pen.globalAlpha = 1;
        if (rowHeight > 12 || index % 2 === 0) {
          pen.fillStyle = index === row && document.activeElement === canvas ? ink : faint;
          pen.textAlign = 'left';
          pen.fillText('worker ' + thread, 6, top + rowHeight / 2 + 1);
        }
      });
    }

    function view(start, end) {
      const least = Math.min(last - first, 200);
      const length = reduced(least, end - start, last - first);
      from = reduced(first, start, last - length);
      to = from + length;
      draw();
    }
    function zoom(factor, around) {
      const centre = around === undefined ? (from + to) / 2 : around;
      view(centre - (centre - from) * factor, centre + (to - centre) * factor);
    }
    function describe(span, thread) {
      const head = [`worker ${thread}, at ${duration(span[0] - first)} for ${duration(span[1] - span[0])}`];
      return span[2] < 0 ? ['waiting'].concat(head) : [data.operations[span[2]][0]].concat(head, texts(span[2]).slice(1));
    }
    function walk(step) {
      const spans = rows.get(threads[row]);
      const next = place < 0 ? firstAfter(spans, from) : place + step;
      if (!spans[next]) return;
      place = next;
      const [start, end] = spans[place];
      if (start < from || end > to) view(start - (to - from) / 2, start + (to - from) / 2); else draw();
      const box = canvas.getBoundingClientRect();
      show(describe(spans[place], threads[row]), box.left + reduced(gutter, px(start), box.width), box.top + (row + 1) * rowHeight);
    }

    if (canvas) {
      const timeAt = x => from + (x - gutter) * perPixel();
      let grip = null;
      canvas.addEventListener('wheel', event => {
        if (document.activeElement !== canvas && !event.ctrlKey) return;
        event.preventDefault();
        const x = event.clientX - canvas.getBoundingClientRect().left;
        if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
          const shift = (event.deltaX || event.deltaY) * perPixel();
          view(from + shift, to + shift);
        } else zoom(1.0015 ** event.deltaY, timeAt(x));
      }, { passive: false });
      canvas.addEventListener('pointerdown', event => {
        grip = { x: event.clientX, from, to };
        canvas.setPointerCapture(event.pointerId);
      });
      canvas.addEventListener('pointerup', () => { grip = null; });
      canvas.addEventListener('pointercancel', () => { grip = null; });
      canvas.addEventListener('pointerleave', hide);
      canvas.addEventListener('pointermove', event => {
        if (grip) {
          const shift = (grip.x - event.clientX) * perPixel();
          hide();
          return view(grip.from + shift, grip.to + shift);
        }
        const box = canvas.getBoundingClientRect();
        const index = Math.floor((event.clientY - box.top) / rowHeight);
        const spans = rows.get(threads[index]);
        const time = timeAt(event.clientX - box.left);
        const span = spans && spans[firstAfter(spans, time)];
        if (span && span[0] <= time && time >= from) show(describe(span, threads[index]), event.clientX, event.clientY);
        else hide();
      });
      canvas.addEventListener('keydown', event => {
        const quarter = (to - from) / 4;
        const actions = {
          '+': () => zoom(0.5), '=': () => zoom(0.5), '-': () => zoom(2), '−': () => zoom(2),
          ArrowLeft: () => view(from - quarter, to - quarter), ArrowRight: () => view(from + quarter, to + quarter),
          ArrowUp: () => { row = Math.max(0, row - 1); place = -1; draw(); },
          ArrowDown: () => { row = Math.min(threads.length - 1, row + 1); place = -1; draw(); },
          ',': () => walk(-1), '.': () => walk(1), '0': () => view(first, last), Home: () => view(first, last),
          Escape: () => { place = -1; hide(); draw(); },
        };
        if (!actions[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        actions[event.key]();
      });
      canvas.addEventListener('focus', draw);
      canvas.addEventListener('blur', () => { hide(); draw(); });
      for (const button of document.querySelectorAll('[data-zoom]'))
        button.addEventListener('click', () =>
          button.dataset.zoom === 'all' ? view(first, last) : zoom(+button.dataset.zoom));
      addEventListener('resize', draw);
      for (const query of ['(prefers-color-scheme: dark)', 'print'])
        matchMedia(query).addEventListener('change', draw);
      draw();
    }
    """#
}
