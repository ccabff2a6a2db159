// What a screen reader would be told: every text that comes into the live regions of a page.

/** Starts listening; `heard()` gives the texts so far. Goes on after a reload. */
export async function listen(page) {
  const texts = [];
  await page.exposeFunction('halfwayHeard', (text) => texts.push(text));
  const script = () => {
    const start = () => {
      for (const region of document.querySelectorAll('#live-status, #live-alert')) {
        new MutationObserver(() => {
          const text = region.textContent.trim();
          if (text) window.halfwayHeard(text);
        }).observe(region, { childList: true, characterData: true, subtree: true });
      }
    };
    if (document.readyState === 'loading') addEventListener('DOMContentLoaded', start);
    else start();
  };
  await page.addInitScript(script);
  await page.evaluate(script);
  return {
    heard: () => texts,
    count: (part) => texts.join('\n').split(part).length - 1,
    /** Waits until something with that part is said. */
    async until(part) {
      await page.waitForFunction(
        (wanted) => [...document.querySelectorAll('#live-status, #live-alert')].some((one) => one.textContent.includes(wanted)), part);
    },
  };
}
