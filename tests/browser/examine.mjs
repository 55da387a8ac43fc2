/** What must hold for whatever is on a page: axe, and no scrolling in two directions. */

import assert from 'node:assert/strict';

import { AxeBuilder } from '@axe-core/playwright';

/** Every WCAG 2.2 A and AA rule. None is switched off, contrast least of all. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** Fails with what axe found, in words, and with every place. */
export async function assertAccessible(page, where) {
  // Everything is in the page itself, without frames: the mode without a second page is enough, and quicker.
  const { violations, passes } = await new AxeBuilder({ page }).withTags(TAGS).setLegacyMode().analyze();
  const found = violations.flatMap(({ id, help, nodes }) => nodes.map((node) => {
    const why = [...node.any, ...node.all].map((check) => check.message).join('; ');
    return `${id} (${help}) at ${node.target.join(' ')}: ${why}`;
  }));
  assert.deepEqual(found, [], where);
  assert.ok(passes.some(({ id }) => id === 'color-contrast'), `${where}: contrast was measured`);
}

/** What sticks out of the window, which nobody should have to scroll to. */
export async function assertNothingSticksOut(page, where) {
  const out = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const sticksOut = (element) => {
      const box = element.getBoundingClientRect();
      return box.width > 1 && (box.right > width + 0.5 || box.left < -0.5);
    };
    const hidden = (element) => element.closest('.visually-hidden, .skip');
    return [...document.body.querySelectorAll('*')].filter((element) => sticksOut(element) && !hidden(element))
      .map((element) => `${element.tagName.toLowerCase()}.${element.className.baseVal ?? element.className}`);
  });
  assert.deepEqual(out, [], where);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${where}: it scrolls sideways`);
}

/** Text that its own box cuts off. Descriptions may be cut after two lines: all of them is in the page. */
export async function assertNothingIsClipped(page, where) {
  const clipped = await page.evaluate(() => [...document.body.querySelectorAll('*')].filter((element) => {
    const style = getComputedStyle(element);
    const hides = style.overflowX !== 'visible' && !element.closest('.visually-hidden, .source-description');
    return hides && element.scrollWidth > element.clientWidth + 1;
  }).map((element) => `${element.tagName.toLowerCase()}.${element.className}`));
  assert.deepEqual(clipped, [], where);
}
