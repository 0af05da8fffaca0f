import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { Builder, By, Capabilities, Key, type WebDriver } from 'selenium-webdriver';
import type { Driver } from './driver';

/** WebKitGTK's own small browser; distributions keep it beside the library, not on the path. */
export function findMiniBrowser(): string | undefined {
  const machine = spawnSync('uname', ['-m'], { encoding: 'utf8' }).stdout?.trim();
  const folders = [`/usr/lib/${machine}-linux-gnu`, '/usr/libexec', '/usr/lib'];
  return folders.map((folder) => `${folder}/webkit2gtk-4.1/MiniBrowser`).find((path) => existsSync(path));
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Tries until the driver listens. */
async function connect(port: number, binary: string): Promise<WebDriver> {
  const capabilities = new Capabilities().setBrowserName('MiniBrowser').set('webkitgtk:browserOptions', {
    binary,
    args: ['--automation', '--enable-write-console-messages-to-stdout=true'],
  });
  for (let attempt = 1; ; attempt++) {
    try {
      return await new Builder().usingServer(`http://127.0.0.1:${port}`).withCapabilities(capabilities).build();
    } catch (cause) {
      if (attempt === 20) throw cause;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

/**
 * WebKitGTK over WebDriver, on a screen that only it sees.
 * @param xvfbRun `xvfb-run`. @param webDriver `WebKitWebDriver`. @param binary see {@link findMiniBrowser}.
 */
export async function startWebKit(xvfbRun: string, webDriver: string, binary: string): Promise<Driver> {
  const port = await freePort();
  const screen = ['-a', '-s', '-screen 0 1440x900x24'];
  // A group of its own, since the screen and the browser are its children.
  const server = spawn(xvfbRun, [...screen, webDriver, `--port=${port}`], { detached: true, stdio: 'ignore' });
  const end = (): void => {
    try {
      process.kill(-server.pid!, 'SIGTERM');
    } catch {
      // It has ended by itself.
    }
  };
  process.once('exit', end);
  const driver = await connect(port, binary);
  const find = (xpath: string) => driver.findElement(By.xpath(xpath));
  return {
    goto: (url) => driver.get(url),
    reload: () => driver.navigate().refresh(),
    click: async (xpath) => find(xpath).click(),
    async type(xpath, text) {
      // In one call WebKit would hold the key down through the text.
      await find(xpath).sendKeys(Key.chord(Key.CONTROL, 'a'));
      await find(xpath).sendKeys(text);
    },
    evaluate: <T>(expression: string) =>
      driver.executeAsyncScript<T>(
        `const done = arguments[0]; Promise.resolve(${expression}).then(done, (error) => done(String(error)));`,
      ),
    // Its WebDriver does not pass the console on.
    errors: () => [],
    async close() {
      await driver.quit().catch(() => undefined);
      end();
    },
  };
}
