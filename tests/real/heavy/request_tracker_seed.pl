# Fills an empty Request Tracker with a small service desk whose truth is known; SEED_NOW is its last second.
# Times in the past cannot be set over REST, so they are written into the database behind RT's back.
use strict;
use warnings;
use lib '/usr/share/request-tracker5/lib';
use RT;

RT::LoadConfig();
RT::Init();
$RT::Handle->SimpleQuery('PRAGMA synchronous = OFF'); # nothing here need outlive the machine
$RT::Handle->SimpleQuery('UPDATE Scrips SET Disabled = 1'); # nobody need be told by mail

my $now    = $ENV{SEED_NOW};
my $day    = 24 * 3600;
my $system = RT->SystemUser;

sub person {
    my $user = RT::User->new($system);
    my ( $id, $message ) = $user->Create(
        Name => $_[0], EmailAddress => "$_[0]\@shop.example", RealName => "\u$_[0] Secretname",
        Privileged => 1, Password => 'correct horse battery' );
    die $message unless $id;
    return $user;
}

sub queue {
    my $queue = RT::Queue->new($system);
    my ( $id, $message ) = $queue->Create( Name => $_[0] );
    die $message unless $id;
    return $queue;
}

sub may {
    my ( $user, $queue, @rights ) = @_;
    for my $right (@rights) {
        my ( $ok, $message ) = $user->PrincipalObj->GrantRight( Right => $right, Object => $queue );
        die $message unless $ok;
    }
}

my ( $ada, $bob, $auditor, $blind ) = map { person($_) } qw(ada bob auditor blind);
my ( $incidents, $problems, $empty ) = map { queue($_) } ( 'checkout', 'Problems', 'cart' );
for my $queue ( $incidents, $problems, $empty ) {
    may( $_, $queue, qw(OwnTicket ShowTicket ModifyTicket CreateTicket SeeQueue ReplyToTicket) ) for ( $ada, $bob );
    may( $auditor, $queue, qw(SeeQueue ShowTicket SeeCustomField) );
    may( $blind, $queue, 'SeeQueue' );
}
my $severity = RT::CustomField->new($system);
$severity->Create( Name => 'Severity', Type => 'FreeformSingle', LookupType => 'RT::Queue-RT::Ticket',
    Queue => $incidents->id );
may( $ada, $incidents, qw(SeeCustomField ModifyCustomField SetInitialCustomField) );

sub written {
    my ($at) = @_;
    my $date = RT::Date->new($system);
    $date->Unix($at);
    return $date->ISO;
}

sub change {
    my ( $table, $id, %columns ) = @_;
    for my $column ( sort keys %columns ) {
        $RT::Handle->SimpleQuery( "UPDATE $table SET $column = ? WHERE id = ?", $columns{$column}, $id );
    }
}

sub newest {
    my $row = $RT::Handle->FetchResult('SELECT MAX(id) FROM Transactions');
    return $row || 0;
}

# Does something to a ticket as a person, and dates all that RT wrote down of it to $at.
sub step {
    my ( $id, $user, $at, $act ) = @_;
    my $before = newest();
    my $ticket = RT::Ticket->new( RT::CurrentUser->new( $user->id ) );
    $ticket->Load($id);
    my ( $ok, $message ) = $act->($ticket);
    die $message unless $ok;
    $RT::Handle->SimpleQuery( 'UPDATE Transactions SET Created = ? WHERE id > ?', written($at), $before );
    change( 'Tickets', $id, LastUpdated => written($at) );
    my $status = $ticket->Status;
    change( 'Tickets', $id, Resolved => written($at) ) if $status eq 'resolved' && $ticket->ResolvedObj->Unix > $now - 60;
}

sub ticket {
    my ( $queue, $subject, $at, %more ) = @_;
    my $before = newest();
    my $ticket = RT::Ticket->new( RT::CurrentUser->new( $ada->id ) );
    my ( $id, undef, $message ) = $ticket->Create( Queue => $queue->id, Subject => $subject, Requestor => 'ada@shop.example', %more );
    die $message unless $id;
    $RT::Handle->SimpleQuery( 'UPDATE Transactions SET Created = ? WHERE id > ?', written($at), $before );
    change( 'Tickets', $id, Created => written($at), LastUpdated => written($at) );
    return $id;
}

# 105 incidents, so that reading needs a second page.
ticket( $incidents, "Checkout is slow ($_)", $now - 60 * $day + $_ * 3600 ) for 1 .. 105;

my $at       = $now - 5 * $day;
my $reopened = ticket( $incidents, 'Payments fail', $at, 'CustomField-' . $severity->id => '1' );
step( $reopened, $bob, $at + 1800, sub { $_[0]->Take } );
step( $reopened, $bob, $at + 1800, sub { $_[0]->SetStatus('open') } );
step( $reopened, $bob, $at + 3600, sub { $_[0]->SetStatus('resolved') } );
step( $reopened, $ada, $at + 5400, sub { $_[0]->SetStatus('open') } );
step( $reopened, $bob, $at + 9000, sub { $_[0]->SetStatus('resolved') } );

ticket( $incidents, 'Long ago', $now - 900 * $day );
ticket( $problems, 'Payments fail now and then', $now - 4 * $day, RefersTo => [$reopened] );
