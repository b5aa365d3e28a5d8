import type { Site, UserRow } from '../site.ts'

/** What `user_get_user_details` shows to the account, in the order of Moodle's description; null: not visible. `withEmail`: in a course, where moodle/course:useremail is enough. */
export function userDetails(site: Site, user: UserRow, withEmail = false): Record<string, unknown> | null {
  const self = user.id === site.account
  if (!self && !site.has('moodle/user:viewdetails')) return null
  const identity = self || site.has('moodle/site:viewuseridentity')
  // Phones are shown only where the site counts them among what identifies a user, which a new site does not.
  const { administrator } = site
  const filled = (name: string, visible = true) =>
    visible && user[name] !== undefined && user[name] !== '' ? { [name]: user[name] } : {}
  return {
    id: user.id,
    username: user.username,
    firstname: user.firstname,
    lastname: user.lastname,
    fullname: `${user.firstname} ${user.lastname}`,
    ...filled('email', identity || withEmail || user['maildisplay'] === '1'),
    ...filled('address'),
    ...filled('phone1', administrator),
    ...filled('phone2', administrator),
    department: user['department'] ?? '',
    ...filled('institution'),
    ...filled('idnumber'),
    ...filled('interests'),
    firstaccess: 0,
    lastaccess: 0,
    auth: user.auth,
    suspended: user.suspended === 1,
    confirmed: true,
    lang: user['lang'],
    theme: user['theme'] ?? '',
    timezone: user['timezone'],
    mailformat: Number(user['mailformat']),
    trackforums: 0,
    ...(administrator && typeof user['description'] === 'string'
      ? { description: user['description'], descriptionformat: 1 }
      : {}),
    ...filled('city'),
    ...filled('country'),
    profileimageurlsmall: `${site.wwwroot}/theme/image.php/boost/core/${site.themerev}/u/f2`,
    profileimageurl: `${site.wwwroot}/theme/image.php/boost/core/${site.themerev}/u/f1`,
  }
}
