# Fills an empty Redmine with a small service desk whose truth is known; run by `rails runner` with the
# variable SEED_NOW (ISO 8601). Times in the past cannot be set over REST. Prints the API keys as JSON.
require 'json'

NOW = Time.iso8601(ENV.fetch('SEED_NOW'))
DAY = 24 * 3600
Setting.rest_api_enabled = '1'
Setting.login_required = '0'
Setting.notified_events = []
Setting.default_language = 'en'

def tracker_called(name)
  Tracker.create!(name: name, default_status: IssueStatus.find_by_name('New'))
end

TRACKERS = ['Incident', 'Change', 'Problem', 'Service Request'].to_h { |name| [name, tracker_called(name)] }
SEVERITY = IssueCustomField.create!(
  name: 'Severity', field_format: 'list', possible_values: %w[1 2 3 4], is_for_all: true,
  trackers: [TRACKERS['Incident'], TRACKERS['Problem']]
)
BACKOUT = IssueCustomField.create!(
  name: 'Backout plan', field_format: 'text', is_for_all: true, trackers: [TRACKERS['Change']]
)

def person(login, first, last)
  user = User.new(firstname: first, lastname: last, mail: "#{login}@shop.example", language: 'en')
  user.login = login
  user.password = user.password_confirmation = 'correct horse battery'
  user.save!
  user
end

ADA = person('ada', 'Ada', 'Secretname')
BOB = person('bob', 'Bob', 'Secretname')
AUDITOR = person('auditor', 'Auditor', 'Account')
OWN_ONLY = person('narrow', 'Narrow', 'Account')
READER = Role.create!(name: 'Auditor', permissions: %i[view_issues], issues_visibility: 'all')
NARROW = Role.create!(name: 'Own only', permissions: %i[view_issues], issues_visibility: 'own')
STAFF = Role.find_by_name('Developer')

def project(identifier, parent: nil)
  made = Project.create!(name: identifier.capitalize, identifier: identifier, is_public: false)
  made.set_parent!(parent) if parent
  made.enabled_module_names = %w[issue_tracking]
  made.trackers = TRACKERS.values
  Member.create!(project: made, principal: ADA, roles: [STAFF])
  Member.create!(project: made, principal: BOB, roles: [STAFF])
  Member.create!(project: made, principal: AUDITOR, roles: [READER])
  Member.create!(project: made, principal: OWN_ONLY, roles: [NARROW])
  made.reload
end

OPS = project('checkout')
CART = project('cart', parent: OPS)

def ticket(tracker, subject, at, project: OPS, **more)
  values = more.delete(:custom) || {}
  issue = Issue.new(project: project, tracker: TRACKERS[tracker], author: ADA, subject: subject,
                    priority: IssuePriority.find_by_name('High'), **more)
  issue.status ||= IssueStatus.find_by_name('New')
  issue.custom_field_values = values.to_h { |field, value| [field.id, value] } unless values.empty?
  issue.save!
  issue.update_columns(created_on: at, updated_on: at)
  issue
end

def step(issue, at, by: BOB, notes: '', **changes)
  issue = Issue.find(issue.id) # a fresh one, for a journal of its own
  User.current = by
  issue.init_journal(by, notes)
  changes[:status] = IssueStatus.find_by_name(changes[:status]) if changes[:status]
  issue.assign_attributes(changes)
  issue.save!
  issue = Issue.find(issue.id)
  issue.journals.order(:id).last.update_columns(created_on: at)
  columns = { updated_on: at }
  columns[:closed_on] = at if issue.closed_on && issue.closed_on > NOW - 60 && issue.closed?
  issue.update_columns(columns)
end

User.current = User.find_by_login('admin')

# 150 incidents, so that reading needs a second page: each restored two hours after it was opened.
150.times do |index|
  at = NOW - 60 * DAY + index * 8 * 3600
  issue = ticket('Incident', "Checkout is slow (#{index})", at, custom: { SEVERITY => '3' })
  step(issue, at + 600, assigned_to: BOB, status: 'In Progress')
  step(issue, at + 7200, status: 'Closed')
end

# One that was reopened: the second closing is what counts.
at = NOW - 5 * DAY
REOPENED = ticket('Incident', 'Payments fail', at, custom: { SEVERITY => '1' })
step(REOPENED, at + 1800, notes: 'Looking into it.', assigned_to: BOB, status: 'In Progress')
step(REOPENED, at + 3600, status: 'Closed')
step(REOPENED, at + 5400, by: ADA, notes: 'It is back.', status: 'In Progress')
step(REOPENED, at + 9000, assigned_to: ADA, status: 'Closed')

# One in a sub-project, never touched since, and one outside of the window.
ticket('Incident', 'Cart is empty', NOW - 2 * DAY, project: CART)
ticket('Incident', 'Long ago', NOW - 900 * DAY)

PROBLEM = ticket('Problem', 'Payments fail now and then', NOW - 4 * DAY, custom: { SEVERITY => '2' })
IssueRelation.create!(issue_from: PROBLEM, issue_to: REOPENED, relation_type: 'relates')
CHANGE = ticket('Change', 'New payment provider', NOW - 3 * DAY, custom: { BACKOUT => 'Switch back.' })
step(CHANGE, NOW - 2 * DAY, status: 'Closed')
IssueRelation.create!(issue_from: PROBLEM, issue_to: CHANGE, relation_type: 'relates')
ticket('Service Request', 'A new laptop', NOW - DAY)

keys = { 'admin' => User.find_by_login('admin'), 'auditor' => AUDITOR, 'narrow' => OWN_ONLY }
keys.each_value { |user| user.update_columns(must_change_passwd: false) }
puts JSON.generate(keys.transform_values { |user| Token.find_or_create_by!(user: user, action: 'api').value })
