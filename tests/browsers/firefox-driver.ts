import { launch } from 'puppeteer-core';
import type { Driver } from './driver';

/** Firefox over WebDriver BiDi. @param executablePath Firefox, ESR or not. */
export async function startFirefox(executablePath: string): Promise<Driver> {
  const browser = await launch({
    browser: 'firefox',
    executablePath,
    extraPrefsFirefox: {
      // What is exported must not wait for a person to say where to.
      'browser.download.folderList': 2,
      'browser.download.useDownloadDir': true,
    },
  });
  const page = await browser.newPage();
  await page.setViewport({ width: 1440, height: 900 });
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  const find = async (xpath: string) => {
    const element = await page.$(`::-p-xpath(${xpath})`);
    if (!element) throw new Error(`There is no ${xpath}.`);
    return element;
  };
  return {
    goto: async (url) => void (await page.goto(url)),
    reload: async () => void (await page.reload()),
    click: async (xpath) => (await find(xpath)).click(),
    async type(xpath, text) {
      await (await find(xpath)).click();
      await page.keyboard.down('Control');
      await page.keyboard.press('a');
      await page.keyboard.up('Control');
      await page.keyboard.type(text);
    },
    evaluate: <T>(expression: string) => page.evaluate(expression) as Promise<T>,
    errors: () => errors,
    close: () => browser.close(),
  };
}
