/** The function of our plugin that says what the account lacks; without it, it is found out by trying. */
export const LACKS = 'local_moodle_zoho_sync_get_missing_capabilities'

/** What of Moodle the service account must have, by what does not work without it. The README lists the same. */
export const needs: Readonly<
  Record<string, { readonly functions: readonly string[]; readonly capabilities: readonly string[] }>
> = {
  everything: {
    functions: ['core_webservice_get_site_info', LACKS],
    capabilities: ['webservice/rest:use'],
  },
  users: {
    functions: [
      'core_user_get_users_by_field',
      'core_user_get_users',
      'core_user_create_users',
      'core_user_update_users',
    ],
    capabilities: [
      'moodle/user:create',
      'moodle/user:update',
      'moodle/user:viewdetails',
      'moodle/user:viewalldetails',
      'moodle/user:viewhiddendetails',
      'moodle/site:viewfullnames',
      'moodle/site:viewuseridentity',
    ],
  },
  courses: {
    functions: [
      'core_course_get_courses_by_field',
      'core_course_create_courses',
      'core_course_update_courses',
    ],
    capabilities: [
      'moodle/course:create',
      'moodle/course:update',
      'moodle/course:view',
      'moodle/course:viewhiddencourses',
      'moodle/course:visibility',
      'moodle/course:changefullname',
      'moodle/course:changeshortname',
      'moodle/course:changeidnumber',
      'moodle/course:changesummary',
      'moodle/course:changecategory',
    ],
  },
  sections: {
    functions: ['local_moodle_zoho_sync_set_sections'],
    capabilities: ['moodle/course:update', 'moodle/course:sectionvisibility'],
  },
  categories: {
    functions: [
      'core_course_get_categories',
      'core_course_create_categories',
      'core_course_update_categories',
    ],
    capabilities: ['moodle/category:manage', 'moodle/category:viewhiddencategories'],
  },
  enrolments: {
    functions: ['enrol_manual_enrol_users', 'core_enrol_get_enrolled_users'],
    capabilities: [
      'enrol/manual:enrol',
      'moodle/role:assign',
      'moodle/course:viewparticipants',
      'moodle/course:enrolreview',
    ],
  },
  groups: {
    functions: [
      'core_group_create_groups',
      'core_group_update_groups',
      'core_group_get_groups',
      'core_group_get_course_groups',
      'core_group_add_group_members',
      'core_group_delete_group_members',
      'core_group_get_group_members',
    ],
    capabilities: ['moodle/course:managegroups', 'moodle/site:accessallgroups'],
  },
  cohorts: {
    functions: [
      'core_cohort_create_cohorts',
      'core_cohort_update_cohorts',
      'core_cohort_get_cohorts',
      'core_cohort_search_cohorts',
      'core_cohort_add_cohort_members',
      'core_cohort_delete_cohort_members',
      'core_cohort_get_cohort_members',
    ],
    capabilities: ['moodle/cohort:manage', 'moodle/cohort:view', 'moodle/cohort:assign'],
  },
  grades: {
    functions: ['local_moodle_zoho_sync_get_grades', 'local_moodle_zoho_sync_list_grades'],
    capabilities: ['local/moodle_zoho_sync:viewgrades'],
  },
}
