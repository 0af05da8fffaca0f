import { it } from 'vitest';
import { onPath, type Driver } from './driver';
import { startFirefox } from './firefox-driver';
import { makeJourney } from './journey';
import { findMiniBrowser, startWebKit } from './webkit-driver';

/** Each browser, or what of it is missing on this machine. */
const firefox = onPath('firefox-esr', 'firefox');
const webDriver = onPath('WebKitWebDriver');
const xvfbRun = onPath('xvfb-run');
const miniBrowser = findMiniBrowser();

async function travel(name: string, start: () => Promise<Driver>): Promise<void> {
  const driver = await start();
  try {
    const took = await makeJourney(driver);
    console.log(`${name}: first verdict after ${(took / 1000).toFixed(1)} s`);
  } finally {
    await driver.close();
  }
}

if (!firefox) console.log('Skipped: Firefox is not on PATH.');
it.skipIf(!firefox)('Firefox', () => travel('Firefox', () => startFirefox(firefox!)));

const webKit = webDriver && xvfbRun && miniBrowser;
if (!webKit) console.log('Skipped: WebKitGTK needs WebKitWebDriver, xvfb-run and MiniBrowser.');
it.skipIf(!webKit)('WebKitGTK', () => travel('WebKitGTK', () => startWebKit(xvfbRun!, webDriver!, miniBrowser!)));
