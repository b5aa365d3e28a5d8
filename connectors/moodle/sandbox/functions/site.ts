import { list, required } from '../parameters.ts'
import { type Functions, texts } from './function.ts'

/** `core_webservice_get_site_info` of a site that lists these functions. */
export const siteFunctions = (names: () => readonly string[]): Functions => ({
  core_webservice_get_site_info: {
    parameters: {},
    run(site) {
      const account = site.users.get(site.administrator ? 2 : site.account)!
      return {
        sitename: site.sitename,
        username: account.username,
        firstname: account.firstname,
        lastname: account.lastname,
        fullname: `${account.firstname} ${account.lastname}`,
        lang: 'en',
        userid: account.id,
        siteurl: site.wwwroot,
        userpictureurl: `${site.wwwroot}/theme/image.php/boost/core/${site.themerev}/u/f1`,
        functions: names()
          .filter(name => !site.unlisted.has(name) && !site.unknown.has(name))
          .map(name => ({ name, version: site.version })),
        downloadfiles: 0,
        uploadfiles: 0,
        release: site.release,
        version: site.version,
        mobilecssurl: '',
        advancedfeatures: [
          { name: 'usecomments', value: 1 },
          { name: 'usetags', value: 1 },
        ],
        usercanmanageownfiles: true,
        userquota: 104857600,
        usermaxuploadfilesize: 1048576,
        userhomepage: 0,
        userprivateaccesskey: 'sandbox-private-access-key',
        siteid: 1,
        sitecalendartype: 'gregorian',
        usercalendartype: 'gregorian',
        userissiteadmin: site.administrator,
        theme: 'boost',
      }
    },
  },

  /** Our plugin's. */
  local_moodle_zoho_sync_get_missing_capabilities: {
    parameters: { capabilities: list(required('raw')) },
    run: (site, parameters) => ({
      missing: texts(parameters['capabilities']).filter(name => !site.has(name)),
    }),
  },
})
