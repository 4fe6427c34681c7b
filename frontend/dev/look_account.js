// The account: as it is, with codes being set up, with a new token, when a proof is asked for, and the second step of a login.
export async function lookAtAccount(page, mock, shoot) {
  const { account } = mock.control;
  await page.goto(`${mock.address}/account`);
  await page.getByText('Scanner in room 4').waitFor();
  await shoot('account');

  account.isStale = true;
  await page.getByRole('button', { name: 'Set up codes' }).click();
  await page.getByText('Is it still you?').waitFor();
  await shoot('account-proof');
  await page.getByRole('dialog').getByLabel('Password').fill('right');
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByRole('img', { name: 'Picture with the secret' }).waitFor();
  await shoot('account-enrol');
  await page.getByLabel('Code from the app').fill('000000');
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByText('Type the code that the app shows').waitFor();
  await page.getByLabel('Code from the app').fill('123 456');
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByText('Your recovery codes').waitFor();
  await shoot('account-codes');
  await page.getByRole('button', { name: 'I have them' }).click();

  account.isStale = true;
  await page.getByRole('button', { name: 'Download everything' }).click();
  await page.getByText('Is it still you?').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('Is it still you?').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Download everything' }).click();
  await page.getByRole('dialog').getByRole('textbox').fill('123456');
  const begun = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Go on' }).click();
  if ((await begun).suggestedFilename() !== 'untxt.zip') throw new Error('the download is not the zip');
  await page.getByText('The download has begun').waitFor();
  await shoot('account-export');

  await page.getByRole('button', { name: 'New token' }).click();
  await page.getByLabel('Name').fill('Import of the letters');
  await shoot('account-new-token');
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.getByText('Copy this token now').waitFor();
  await shoot('account-token');
  await page.getByRole('button', { name: 'I have it' }).click();

  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByLabel('Login').fill('ada');
  await page.getByLabel('Password', { exact: true }).fill('right');
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await page.getByText('Type the code that your app shows').waitFor();
  await shoot('login-code');
  await page.getByLabel('Code', { exact: true }).fill('123456');
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await page.getByRole('button', { name: 'Log out' }).waitFor();
  account.factor = null;

  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByLabel('Login').waitFor();
  await page.goto(`${mock.address}/invitation#${'0'.repeat(64)}`);
  await page.getByText('Welcome').waitFor();
  await shoot('invitation');
  await page.getByLabel('New password', { exact: true }).fill('four random words here');
  await page.getByLabel('New password again').fill('four random words here');
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.getByRole('button', { name: 'Log out' }).waitFor();
  mock.control.user = null;
  await page.goto(mock.address);
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await page.getByLabel('Login or mail address').fill('ada');
  await shoot('reset');
  await page.getByRole('button', { name: 'Send the link' }).click();
  await page.getByText('a link is on its way').waitFor();
  await page.goto(`${mock.address}/password-reset#used`);
  await page.getByLabel('New password', { exact: true }).fill('four random words here');
  await page.getByLabel('New password again').fill('four random words here');
  await page.getByRole('button', { name: 'Set password' }).click();
  await page.getByText('ask for a new one').waitFor();
  await shoot('reset-link-used');
  await page.goto(`${mock.address}/password-reset#${'0'.repeat(64)}`);
  await page.getByLabel('New password', { exact: true }).fill('four random words here');
  await page.getByLabel('New password again').fill('four random words here');
  await page.getByRole('button', { name: 'Set password' }).click();
  await page.getByText('The new password holds').waitFor();
  await shoot('reset-done');
  mock.control.user = { id: '0192-mock', login: 'ada', role: 'admin' };
  await page.goto(mock.address);
}
