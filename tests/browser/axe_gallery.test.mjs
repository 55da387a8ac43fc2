/** Every component in every state: readable by everybody, in light, dark, narrow, enlarged and without motion. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { assertAccessible, assertNothingIsClipped, assertNothingSticksOut } from './examine.mjs';
import { LOOKS, pages, serve } from './gallery.mjs';
import { launch } from './people.mjs';

let browser;
let gallery;
const all = await pages();

before(async () => {
  gallery = await serve();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  gallery?.end();
});

/** Opens a page of the gallery. */
async function open(context, file) {
  const page = await context.newPage();
  await page.goto(`${gallery.address}/${file}.html`);
  return page;
}

/** Does something with every page of the gallery, in one look. */
async function everywhere(options, examine) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  for (const [file] of all) {
    await page.goto(`${gallery.address}/${file}.html`);
    await examine(page, `${file} ${JSON.stringify(options)}`);
  }
  await context.close();
}

describe('every component in every state', { concurrency: false }, () => {
  for (const { look, colorScheme, width } of LOOKS) {
    test(`axe finds nothing: ${look}`, () => {
      const options = { colorScheme, viewport: { width, height: 900 } };
      return everywhere(options, assertAccessible);
    });
  }

  test('nothing sticks out or is cut off at 360, 320 and 280 pixels, and enlarged to 200 %', async () => {
    await everywhere({}, async (page, where) => {
      for (const width of [600, 360, 320, 280]) {
        await page.setViewportSize({ width, height: 800 });
        await assertNothingSticksOut(page, `${where} ${width}`);
        await assertNothingIsClipped(page, `${where} ${width}`);
      }
      // More space between letters, words and lines (WCAG 1.4.12).
      await page.setViewportSize({ width: 320, height: 800 });
      await page.evaluate(() => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }');
        document.adoptedStyleSheets = [sheet];
      });
      await assertNothingSticksOut(page, `${where} spaced`);
      await assertNothingIsClipped(page, `${where} spaced`);
    });
  });

  test('with reduced motion nothing moves', async () => {
    await everywhere({}, async (page, where) => {
      const moving = await page.evaluate(() => document.getAnimations().map((animation) => animation.animationName));
      assert.deepEqual(moving, [], where);
    });
    // And what is still now does move where motion is welcome, or this test could not fail.
    const context = await browser.newContext({ reducedMotion: 'no-preference' });
    const page = await open(context, '13-rows-under-way');
    assert.ok(await page.evaluate(() => document.getAnimations().length > 0));
    await context.close();
  });

  test('with the system\'s own colours a switch still shows where it stands', async () => {
    // Without motion: a colour on its way to another one is neither.
    const context = await browser.newContext({ forcedColors: 'active', reducedMotion: 'reduce', viewport: { width: 400, height: 800 } });
    const page = await open(context, '10-rows-settled');
    const [on, off] = await page.evaluate(() => ['true', 'false'].map((checked) => {
      const control = document.querySelector(`[role=switch][aria-checked=${checked}]:not([aria-disabled])`);
      const [track, thumb] = [control.querySelector('.switch-track'), control.querySelector('.switch-thumb')];
      const style = getComputedStyle(track);
      return { border: style.borderTopWidth, track: style.backgroundColor, thumb: getComputedStyle(thumb).backgroundColor };
    }));
    assert.notEqual(on.track, off.track);
    for (const shown of [on, off]) {
      assert.notEqual(shown.border, '0px');
      assert.notEqual(shown.thumb, shown.track);
    }
    await context.close();
  });

  test('everything that can be pressed is at least 24 pixels high and wide, or part of a sentence', async () => {
    await everywhere({ viewport: { width: 360, height: 800 } }, async (page, where) => {
      const small = await page.evaluate(() => [...document.querySelectorAll('button, a[href], input, textarea, summary')]
        .filter((control) => control.checkVisibility() && !control.closest('.skip, p, li:not(.source)'))
        .map((control) => [control, control.getBoundingClientRect()])
        .filter(([, box]) => box.width < 24 || box.height < 24)
        .map(([control, box]) => `${control.className} ${box.width}×${box.height}`));
      assert.deepEqual(small, [], where);
    });
  });

  test('the keyboard goes through a row from the switch to the action to the details', async () => {
    const context = await browser.newContext();
    const page = await open(context, '11-rows-faults');
    const order = [];
    for (let press = 0; press < 3; press += 1) {
      await page.keyboard.press('Tab');
      order.push(await page.evaluate(() => document.activeElement.getAttribute('aria-label')));
      const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.equal(ring, 'solid', `${order.at(-1)} shows that it has the focus`);
    }
    assert.deepEqual(order, ['Use ServiceNow', 'Reconnect ServiceNow', 'Details, ServiceNow']);
    await context.close();
  });
});
