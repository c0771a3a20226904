"""Which routers, jobs and timers belong to which module: the one list of all features."""

from collections.abc import Sequence

from sojourn.care.consultations import feed_routes, hours_routes
from sojourn.care.consultations import jobs as consultation_jobs
from sojourn.care.consultations import routes as consultation_routes
from sojourn.care.currency import routes as currency_routes
from sojourn.care.devices import routes as device_routes
from sojourn.care.documents import desk_routes as document_desk_routes
from sojourn.care.documents import jobs as document_jobs
from sojourn.care.documents import link_routes as upload_link_routes
from sojourn.care.documents import routes as document_routes
from sojourn.care.downloads import desk_routes as download_desk_routes
from sojourn.care.downloads import routes as download_routes
from sojourn.care.emergency import desk_routes as emergency_desk_routes
from sojourn.care.emergency import jobs as emergency_jobs
from sojourn.care.emergency import routes as emergency_routes
from sojourn.care.notifications import jobs as notification_jobs
from sojourn.care.notifications import routes as notification_routes
from sojourn.care.passports import routes as passport_routes
from sojourn.care.reviews import desk_routes as review_desk_routes
from sojourn.care.reviews import routes as review_routes
from sojourn.care.student_discount import desk_routes as student_desk_routes
from sojourn.care.student_discount import jobs as student_jobs
from sojourn.care.student_discount import routes as student_routes
from sojourn.care.weather import routes as weather_routes
from sojourn.catalog.eligibility import routes as eligibility_routes
from sojourn.catalog.festivals import jobs as festival_jobs
from sojourn.catalog.festivals import routes as festival_routes
from sojourn.catalog.guides import account_routes as guide_account_routes
from sojourn.catalog.guides import routes as guide_routes
from sojourn.catalog.hotels import routes as hotel_routes
from sojourn.catalog.images import jobs as image_jobs
from sojourn.catalog.images import routes as image_routes
from sojourn.catalog.places import routes as place_routes
from sojourn.catalog.services import routes as service_routes
from sojourn.catalog.transportation import routes as vehicle_routes
from sojourn.catalog.trips import routes as trip_routes
from sojourn.channels.ai_tools import events as agent_event_routes
from sojourn.channels.ai_tools import jobs as agent_jobs
from sojourn.channels.ai_tools import routes as agent_routes
from sojourn.channels.ai_tools import sessions as agent_session_routes
from sojourn.channels.events import jobs as event_jobs
from sojourn.channels.events import routes as event_routes
from sojourn.channels.pay_links import routes as pay_link_routes
from sojourn.desk.analytics import people_routes as people_figure_routes
from sojourn.desk.analytics import routes as figure_routes
from sojourn.desk.audit import routes as audit_routes
from sojourn.desk.dashboard import routes as dashboard_routes
from sojourn.desk.invariants import jobs as invariant_jobs
from sojourn.desk.invariants import routes as invariant_routes
from sojourn.desk.jobs import housekeeping
from sojourn.desk.jobs import routes as queue_routes
from sojourn.desk.notifications import routes as sent_mail_routes
from sojourn.desk.privacy import jobs as privacy_jobs
from sojourn.desk.privacy import routes as privacy_routes
from sojourn.desk.webhooks import routes as webhook_routes
from sojourn.people.addresses import routes as address_routes
from sojourn.people.auth import google_routes, recovery_routes, second_factor_routes
from sojourn.people.auth import jobs as auth_jobs
from sojourn.people.auth import routes as auth_routes
from sojourn.people.staff import routes as staff_routes
from sojourn.people.users import routes as user_routes
from sojourn.platform.http.routing import Router
from sojourn.platform.storefront import Module, Storefront
from sojourn.providers.work import JobKind, Timer
from sojourn.sales.assignments import routes as assignment_routes
from sojourn.sales.bookings import jobs as booking_jobs
from sojourn.sales.bookings import routes as booking_routes
from sojourn.sales.bookings.change_payable import ChangePayable
from sojourn.sales.bookings.payable import BookingPayable
from sojourn.sales.departures import jobs as departure_jobs
from sojourn.sales.departures import routes as departure_routes
from sojourn.sales.inventory import routes as availability_routes
from sojourn.sales.invoices import jobs as invoice_jobs
from sojourn.sales.invoices import routes as invoice_routes
from sojourn.sales.loyalty import jobs as loyalty_jobs
from sojourn.sales.loyalty import routes as loyalty_routes
from sojourn.sales.orders import cases as order_cases
from sojourn.sales.orders import desk_routes as desk_order_routes
from sojourn.sales.orders import routes as order_routes
from sojourn.sales.orders.payable import OrderPayable
from sojourn.sales.payments import jobs as payment_jobs
from sojourn.sales.payments import payout_routes, qr_routes
from sojourn.sales.payments import routes as payment_routes
from sojourn.sales.payments.payable import Payables
from sojourn.sales.purchases import PurchaseKind
from sojourn.sales.referrals import routes as referral_routes

PAYABLES = Payables(
    {
        PurchaseKind.BOOKING: BookingPayable(),
        PurchaseKind.BOOKING_CHANGE: ChangePayable(),
        PurchaseKind.ORDER: OrderPayable(),
    }
)

ROUTERS: dict[Module, Sequence[Router]] = {
    Module.AUTH: (
        auth_routes.router,
        recovery_routes.router,
        second_factor_routes.router,
        google_routes.router,
        staff_routes.acceptance_router,
        staff_routes.router,
    ),
    Module.USERS: (
        privacy_routes.router,
        user_routes.router,
        address_routes.router,
        notification_routes.router,
        device_routes.router,
    ),
    Module.SERVICES: (service_routes.router,),
    Module.ELIGIBILITY: (eligibility_routes.router,),
    Module.TRIPS: (trip_routes.router,),
    Module.HOTELS: (hotel_routes.router, availability_routes.hotels_router),
    Module.TRANSPORTATION: (vehicle_routes.router, availability_routes.vehicles_router),
    Module.GUIDES: (
        guide_routes.router,
        availability_routes.guides_router,
        guide_account_routes.router,
        assignment_routes.router,
    ),
    Module.EXPLORE: (place_routes.router,),
    Module.FESTIVALS: (festival_routes.router,),
    Module.IMAGES: (image_routes.router, image_routes.desk_router),
    Module.BOOKINGS: (
        booking_routes.departures_router,
        booking_routes.router,
        booking_routes.admin_router,
        departure_routes.router,
    ),
    Module.ORDERS: (order_routes.router, order_routes.users_router, desk_order_routes.router),
    Module.PAYMENTS: (
        qr_routes.router,
        payment_routes.router,
        payout_routes.router,
        invoice_routes.router,
        pay_link_routes.router,
    ),
    Module.LOYALTY: (loyalty_routes.router,),
    Module.STUDENT_DISCOUNT: (student_routes.router, student_desk_routes.router),
    Module.REFERRALS: (referral_routes.router, referral_routes.desk_router),
    Module.DASHBOARD: (dashboard_routes.router,),
    Module.ANALYTICS: (figure_routes.router, people_figure_routes.router),
    Module.DOCUMENTS: (
        document_routes.router,
        document_routes.checklist_router,
        document_routes.users_router,
        document_routes.dashboard_router,
        document_desk_routes.router,
        passport_routes.router,
        upload_link_routes.router,
    ),
    Module.DOWNLOADS: (download_routes.router, download_routes.files_router, download_desk_routes.router),
    Module.CONSULTATIONS: (hours_routes.router, feed_routes.router, consultation_routes.router),
    Module.CURRENCY: (currency_routes.router,),
    Module.WEATHER: (weather_routes.router,),
    Module.EMERGENCY: (emergency_routes.router, emergency_desk_routes.router),
    Module.REVIEWS: (review_routes.shelf_router, review_routes.router, review_desk_routes.router),
    Module.AI_TOOLS: (agent_routes.router, agent_session_routes.router, agent_event_routes.router),
    Module.EVENTS: (event_routes.router,),
    Module.DESK: (
        invariant_routes.router,
        queue_routes.router,
        sent_mail_routes.router,
        audit_routes.router,
        webhook_routes.router,
    ),
}

# Jobs and timers run for every storefront: a module that is switched off leaves nothing for them to find.
JOBS: Sequence[JobKind] = (
    *auth_jobs.JOBS,
    *payment_jobs.job_kinds(PAYABLES),
    *departure_jobs.JOBS,
    *consultation_jobs.JOBS,
    *student_jobs.JOBS,
    *emergency_jobs.JOBS,
    *notification_jobs.JOBS,
    *privacy_jobs.JOBS,
    *event_jobs.JOBS,
)
TIMERS: Sequence[Timer] = (
    *privacy_jobs.TIMERS,
    *festival_jobs.TIMERS,
    *image_jobs.TIMERS,
    *booking_jobs.TIMERS,
    *payment_jobs.timers(PAYABLES),
    *order_cases.TIMERS,
    *invoice_jobs.TIMERS,
    *loyalty_jobs.TIMERS,
    *document_jobs.TIMERS,
    *student_jobs.TIMERS,
    *emergency_jobs.TIMERS,
    *consultation_jobs.TIMERS,
    *notification_jobs.TIMERS,
    *invariant_jobs.TIMERS,
    *agent_jobs.TIMERS,
    *housekeeping.TIMERS,
    *event_jobs.TIMERS,
)


def routers_of(storefront: Storefront) -> list[Router]:
    """The routers of the modules that this storefront switches on, in the order of the list of all features."""
    return [router for module, routers in ROUTERS.items() if module in storefront.modules for router in routers]
